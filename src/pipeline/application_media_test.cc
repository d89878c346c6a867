// Applications on real media: photographs, videos with damage, the faces that are shipped.
#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/random.h"
#include "pipeline/application_test.h"
#include "pipeline/gallery.h"
#include "pipeline/media_library.h"

namespace plumb::pipeline {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// What the events of a run say of bad items.
std::vector<std::string> Failures(const measure::Run& run) {
  std::vector<std::string> found;
  for (const measure::Event& event : run.events) {
    if (event.what == "failed") found.push_back(event.why);
  }
  return found;
}

TEST_F(ApplicationTest, ACutPhotographIsRecordedAndSkipped) {
  fs::remove_all(folder_ + "/in");
  fs::copy(PLUMB_SOURCE_DIR "/apps/faces/data/enrol/test7_000", folder_ + "/in");
  const std::string cut = folder_ + "/in/1.jpg";
  for (const double part : {0.5, 0.95}) {
    const std::string whole = *ReadFile(PLUMB_SOURCE_DIR "/apps/faces/data/enrol/test7_000/1.jpg");
    const auto length = static_cast<std::size_t>(part * static_cast<double>(whole.size()));
    ASSERT_TRUE(WriteFileAtomically(cut, whole.substr(0, length)).ok());
    const auto result = RunApplication(Spec(), options_);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->progress.finished, 3);
    EXPECT_EQ(result->progress.failed, 1);
    const std::vector<std::string> failures = Failures(result->run);
    ASSERT_EQ(failures.size(), 1u);
    EXPECT_THAT(failures[0], StartsWith(cut + ": frame 1: a packet cannot be decoded: Invalid data "
                                              "found when processing input (overread"));
  }
}

TEST_F(ApplicationTest, DamagedPacketsOfAVideoAreRecordedAndSkipped) {
  // Noise, so that every frame is many bytes.
  const std::string path = folder_ + "/noise.mp4";
  const MediaApi* api = *MediaFunctions();
  char message[kMediaMessageBytes] = "";
  void* writer = api->create(path.c_str(), 64, 48, 30, message);
  ASSERT_NE(writer, nullptr) << message;
  Random random(5);
  std::vector<std::uint8_t> pixels(3 * 64 * 48);
  for (int i = 0; i < 40; ++i) {
    for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(random.Uniform(0, 255));
    ASSERT_EQ(api->write_rgb(writer, pixels.data(), 3 * 64, message), 1) << message;
  }
  ASSERT_EQ(api->finish(writer, message), 1) << message;
  std::string bytes = *ReadFile(path);
  for (std::size_t i = 0; i < 3000; ++i) {
    bytes[bytes.size() / 2 + i] = static_cast<char>(37 * i + 11);
  }
  ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());

  PipelineSpec spec = Spec();
  ASSERT_TRUE(OverrideSource(&spec, path).ok());
  const auto result = RunApplication(spec, options_);
  ASSERT_TRUE(result.ok()) << result.status();
  const std::vector<std::string> failures = Failures(result->run);
  ASSERT_GE(failures.size(), 1u);
  EXPECT_LE(failures.size(), 5u);
  EXPECT_THAT(failures[0], StartsWith(path + ": frame "));
  EXPECT_THAT(failures[0], HasSubstr("cannot be decoded: Invalid data found when processing "
                                     "input ("));
  EXPECT_EQ(result->progress.finished, 40 - static_cast<std::int64_t>(failures.size()));
}

TEST_F(ApplicationTest, AtNativeRateFramesAreDueWhenTheyWouldBeShown) {
  const std::string path = folder_ + "/short.mp4";
  const MediaApi* api = *MediaFunctions();
  char message[kMediaMessageBytes] = "";
  void* writer = api->create(path.c_str(), 64, 48, 50, message);
  ASSERT_NE(writer, nullptr) << message;
  const std::vector<std::uint8_t> pixels(3 * 64 * 48, 90);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(api->write_rgb(writer, pixels.data(), 3 * 64, message), 1);
  ASSERT_EQ(api->finish(writer, message), 1) << message;
  PipelineSpec spec = Spec();
  ASSERT_TRUE(OverrideSource(&spec, path).ok());
  ASSERT_TRUE(OverrideParam(&spec, "read", "rate", "native").ok());
  const auto result = RunApplication(spec, options_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_DOUBLE_EQ(result->progress.source_fps, 50);
  std::vector<std::int64_t> due;
  for (const measure::Span& span : result->run.spans) {
    if (span.due == measure::kUnset) continue;
    due.push_back(span.due);
    EXPECT_GE(span.begin, span.due);  // never early
  }
  ASSERT_EQ(due.size(), 10u);
  for (std::size_t i = 0; i < due.size(); ++i) {
    EXPECT_EQ(due[i] - due[0], static_cast<std::int64_t>(i) * 20'000'000);
  }
}

PipelineSpec Faces() {
  const auto spec = LoadPipelineFile(PLUMB_SOURCE_DIR "/apps/faces/faces.yaml");
  EXPECT_TRUE(spec.ok()) << spec.status();
  return *spec;
}

TEST_F(ApplicationTest, AnEmptyGalleryIsAWarning) {
  const std::string gallery = folder_ + "/nobody.json";
  ASSERT_TRUE(Gallery().Save(gallery).ok());
  PipelineSpec spec = Faces();
  ASSERT_TRUE(
      OverrideSource(&spec, PLUMB_SOURCE_DIR "/apps/faces/data/enrol/test7_000/1.jpg").ok());
  ASSERT_TRUE(OverrideParam(&spec, "match", "gallery", gallery).ok());
  const auto result = RunApplication(spec, options_);
  ASSERT_TRUE(result.ok()) << result.status();
  // One face; what works on faces says how many.
  for (const measure::Span& span : result->run.spans) {
    const std::string& where = result->run.names.Text(span.where);
    if (span.kind == measure::Kind::kWait || span.kind == measure::Kind::kLoad) continue;
    if (where == "crop" || where == "embed" || where == "match") {
      EXPECT_EQ(span.items, 1) << where;
    }
    if (where == "embed") {
      EXPECT_EQ(span.bytes_in, 3 * 64 * 64 * 4);
    }
  }
  EXPECT_THAT(Warnings(*result), ElementsAre("'match': the gallery '" + gallery +
                                             "' is empty: everybody is a stranger"));
}

// Truth of frames that a limited run did not reach is not held against it.
TEST_F(ApplicationTest, TheTruthOfUnseenFramesDoesNotCount) {
  PipelineSpec spec = Faces();
  ASSERT_TRUE(OverrideParam(&spec, "video", "limit", "3").ok());
  options_.truth = PLUMB_SOURCE_DIR "/apps/faces/data/truth.jsonl";
  const auto result = RunApplication(spec, options_);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_FALSE(result->run.quality.empty());
  EXPECT_EQ(result->run.quality[0].what, "recall");
  EXPECT_LT(result->run.quality[0].count, 40);  // of nearly 8000 in the whole video
  EXPECT_GT(result->run.quality[0].value, 0.5);
}

TEST_F(ApplicationTest, AnAnnotatedVideoHasTheRateOfItsSourceAndAColourForEveryFace) {
  auto spec = LoadPipelineFile(PLUMB_SOURCE_DIR "/apps/faces/annotated.yaml");
  ASSERT_TRUE(spec.ok()) << spec.status();
  ASSERT_TRUE(OverrideParam(&*spec, "video", "limit", "2").ok());
  const auto result = RunApplication(*spec, options_);
  ASSERT_TRUE(result.ok()) << result.status();

  const auto file = MediaFile::Open(folder_ + "/out/annotated.mp4", 1);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_DOUBLE_EQ((*file)->info().frames_per_second, 30);
  EXPECT_EQ((*file)->info().frames, 2);
  BufferPool buffers(0);
  Message message;
  ASSERT_TRUE(*(*file)->Next("image", buffers, &message));
  const Image& image = **message.Get<Image>("image");
  ASSERT_EQ(image.width, 1280);
  const std::string lines = *ReadFile(folder_ + "/out/faces.jsonl");
  const auto first = nlohmann::json::parse(lines.substr(0, lines.find('\n')));
  ASSERT_GE(first["faces"].size(), 3u);
  for (const auto& face : first["faces"]) {
    // In the label's left margin, half way up; the video blurs colours into the letters.
    const int x = std::max(0, face["box"][0].get<int>()) + 1, y = face["box"][1].get<int>() - 9;
    if (x >= 1000 || y < 9) continue;  // moved to stay in the picture
    const std::uint8_t* pixel = image.pixels.get() + y * image.row_bytes + 3 * x;
    const int blue_less_red = pixel[2] - pixel[0];
    EXPECT_GT(face["name"].is_null() ? -blue_less_red : blue_less_red, 10) << face;
  }
}

// The application that is shipped: its file must be readable and its stages fit its models.
TEST_F(ApplicationTest, TheFacesPipelineIsSound) {
  for (const char* name : {"annotated.yaml", "faces.yaml", "public_faces.yaml"}) {
    const auto spec = LoadPipelineFile(absl::StrCat(PLUMB_SOURCE_DIR, "/apps/faces/", name));
    ASSERT_TRUE(spec.ok()) << spec.status();
    for (std::size_t i = 0; i < spec->stages.size(); ++i) {
      const int stage = static_cast<int>(i);
      const Status made = spec->stages[i].type->make_source != nullptr
                              ? MakeSource(*spec, stage).status()
                              : MakeStage(*spec, stage).status();
      EXPECT_TRUE(made.ok()) << made;
    }
  }
}

TEST_F(ApplicationTest, AnnotatingChangesNothingOfTheFacesPipeline) {
  const auto faces = LoadPipelineFile(PLUMB_SOURCE_DIR "/apps/faces/faces.yaml");
  const auto annotated = LoadPipelineFile(PLUMB_SOURCE_DIR "/apps/faces/annotated.yaml");
  ASSERT_TRUE(faces.ok() && annotated.ok()) << faces.status() << annotated.status();
  EXPECT_EQ(annotated->stages.size(), faces->stages.size() + 2);
  EXPECT_EQ(annotated->channels.size(), faces->channels.size() + 2);
  for (const StageSpec& stage : faces->stages) {
    EXPECT_GE(annotated->FindStage(stage.id), 0) << stage.id;
  }
}

}  // namespace
}  // namespace plumb::pipeline
