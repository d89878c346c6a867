// Enrolment by the shipped pipeline and its networks, with the photographs of its people.
#include "pipeline/enroller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/file_io.h"
#include "pipeline/media_library.h"

namespace plumb::pipeline {
namespace {

namespace fs = std::filesystem;
using testing::StartsWith;

constexpr char kPhotographs[] = PLUMB_SOURCE_DIR "/apps/faces/data/enrol/";

std::string Text(const Status& status) { return std::string(status.message()); }

class EnrollerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "plumb_enroller_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  StatusOr<std::unique_ptr<Enroller>> Create(const PipelineSpec& spec) {
    return Enroller::Create(spec, *HostTarget(), &pool_);
  }

  std::string folder_;
  ThreadPool pool_{1};
};

TEST_F(EnrollerTest, APersonIsFoundAgainByTwoPhotographs) {
  const auto spec = LoadPipelineFile(PLUMB_SOURCE_DIR "/apps/faces/faces.yaml");
  ASSERT_TRUE(spec.ok()) << spec.status();
  const auto enroller = Create(*spec);
  ASSERT_TRUE(enroller.ok()) << enroller.status();
  Gallery gallery;
  for (const std::string person : {"test7_000", "test7_001"}) {
    for (const char* photograph : {"/0.jpg", "/1.jpg"}) {
      const auto face = (*enroller)->Embed(kPhotographs + person + photograph);
      ASSERT_TRUE(face.ok()) << face.status();
      EXPECT_EQ(face->faces, 1);
      ASSERT_TRUE(gallery.Add(person, static_cast<int>(face->unit.size()), face->unit).ok());
    }
  }
  ASSERT_TRUE(gallery.Save(folder_ + "/gallery.json").ok());
  const auto loaded = Gallery::Load(folder_ + "/gallery.json");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  ASSERT_EQ(loaded->entries().size(), 2u);
  EXPECT_EQ(loaded->dims(), 128);
  for (int i = 0; i < 2; ++i) {
    const GalleryEntry& entry = loaded->entries()[static_cast<std::size_t>(i)];
    EXPECT_EQ(entry.photographs, 2);
    const auto third = (*enroller)->Embed(kPhotographs + entry.name + "/2.jpg");
    ASSERT_TRUE(third.ok()) << third.status();
    EXPECT_EQ(loaded->Find(Quantise(third->unit)).index, i);
  }
}

TEST_F(EnrollerTest, PhotographsThatCannotBeUsedAreNamed) {
  const auto spec = LoadPipelineFile(PLUMB_SOURCE_DIR "/apps/faces/faces.yaml");
  ASSERT_TRUE(spec.ok()) << spec.status();
  const auto enroller = Create(*spec);
  ASSERT_TRUE(enroller.ok()) << enroller.status();

  const std::string grey = folder_ + "/grey.ppm";
  ASSERT_TRUE(
      WriteFileAtomically(grey, "P6\n160 120\n255\n" + std::string(3 * 160 * 120, '\x70')).ok());
  const Status faceless = (*enroller)->Embed(grey).status();
  EXPECT_EQ(faceless.code(), StatusCode::kNotFound);
  EXPECT_EQ(Text(faceless),
            "no face found in '" + grey +
                "': a face must be at least some 30 pixels wide and look at the camera");

  const std::string video = PLUMB_SOURCE_DIR "/apps/faces/data/video.mp4";
  EXPECT_EQ(Text((*enroller)->Embed(video).status()),
            "'" + video + "' is a video, expected a picture");

  EXPECT_EQ(Text((*enroller)->Embed(folder_ + "/none.jpg").status()),
            "cannot read '" + folder_ + "/none.jpg': No such file or directory");

  const std::string whole = *ReadFile(std::string(kPhotographs) + "test7_000/0.jpg");
  const std::string cut = folder_ + "/cut.jpg";
  ASSERT_TRUE(WriteFileAtomically(cut, whole.substr(0, whole.size() / 2)).ok());
  EXPECT_THAT(
      Text((*enroller)->Embed(cut).status()),
      StartsWith("cannot read '" + cut +
                 "': a packet cannot be decoded: Invalid data found when processing input"));
}

// Two photographs side by side, the second of half the size.
TEST_F(EnrollerTest, TheLargestFaceOfSeveralIsTaken) {
  const auto spec = LoadPipelineFile(PLUMB_SOURCE_DIR "/apps/faces/faces.yaml");
  ASSERT_TRUE(spec.ok()) << spec.status();
  const auto enroller = Create(*spec);
  ASSERT_TRUE(enroller.ok()) << enroller.status();
  const std::string large = std::string(kPhotographs) + "test7_000/0.jpg";
  const auto a = ReadPicture(large), b = ReadPicture(std::string(kPhotographs) + "test7_001/0.jpg");
  ASSERT_TRUE(a.ok() && b.ok());
  const int width = a->width + b->width / 2;
  std::string ppm = absl::StrCat("P6\n", width, " ", a->height, "\n255\n");
  for (int y = 0; y < a->height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool in_a = x < a->width, in_b = !in_a && 2 * y < b->height;
      const Image& from = in_a ? *a : *b;
      const int at_x = in_a ? x : 2 * (x - a->width), at_y = in_a ? y : 2 * y;
      for (int c = 0; c < 3; ++c) {
        ppm +=
            in_a || in_b
                ? static_cast<char>(
                      from.pixels[static_cast<std::size_t>(at_y * from.row_bytes + 3 * at_x + c)])
                : '\x70';
      }
    }
  }
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/two.ppm", ppm).ok());
  const auto alone = (*enroller)->Embed(large), beside = (*enroller)->Embed(folder_ + "/two.ppm");
  ASSERT_TRUE(alone.ok() && beside.ok()) << alone.status() << beside.status();
  EXPECT_EQ(beside->faces, 2);
  Gallery gallery;
  ASSERT_TRUE(gallery.Add("a", static_cast<int>(alone->unit.size()), alone->unit).ok());
  EXPECT_GT(gallery.Find(Quantise(beside->unit)).similarity, 0.8F);
}

TEST_F(EnrollerTest, APipelineThatMatchesNobodyCannotEnrol) {
  const auto spec =
      ParsePipeline("pipeline: p\nstages:\n  v: {stage: media, source: x}\n", "p.yaml", folder_);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(Text(Create(*spec).status()),
            "p.yaml: no stage of type match: photographs are enrolled by the stages before it");
}

}  // namespace
}  // namespace plumb::pipeline
