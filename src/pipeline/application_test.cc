// A whole application on pictures made here: run, report, errors at the edges.
#include "pipeline/application.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/file_io.h"
#include "core/random.h"
#include "measure/run_file.h"
#include "pipeline/gallery.h"
#include "pipeline/media_library.h"

namespace plumb::pipeline {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string Text(const Status& status) { return std::string(status.message()); }

class ApplicationTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "plumb_application_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    ASSERT_TRUE(MakeDirectories(folder_ + "/in").ok());
    for (int i = 0; i < 6; ++i) {
      const std::string grey(3 * 20 * 10, static_cast<char>(40 * i));
      ASSERT_TRUE(
          WriteFileAtomically(absl::StrCat(folder_, "/in/", i, ".ppm"), "P6\n20 10\n255\n" + grey)
              .ok());
    }
    options_.target = *HostTarget();
    options_.pool = &pool_;
    options_.header = measure::MakeRunHeader("means", {"plumb"}, "scalar", "abc");
    options_.output_folder = folder_ + "/out";
  }
  void TearDown() override { fs::remove_all(folder_); }

  // A page to put records into, as web/ builds one.
  std::string Page() {
    const std::string path = folder_ + "/page.html";
    EXPECT_TRUE(WriteFileAtomically(path,
                                    "<title>x</title><script type=\"application/x-ndjson\" "
                                    "id=\"plumb-records\"></script>")
                    .ok());
    return path;
  }

  PipelineSpec Spec() {
    const auto spec =
        ParsePipeline(absl::StrCat("pipeline: means\n"
                                   "stages:\n"
                                   "  read: {stage: media, source: in}\n"
                                   "  resize: {stage: resize, size: [8, 8]}\n"
                                   "  net: {stage: model, replicas: 2, model: ",
                                   PLUMB_SOURCE_DIR, "/testdata/pipeline/channel_means.onnx}\n",
                                   "channels:\n"
                                   "  - {from: read, to: resize}\n"
                                   "  - {from: resize, to: net}\n"),
                      "means.yaml", folder_);
    EXPECT_TRUE(spec.ok()) << spec.status();
    return *spec;
  }

  std::string folder_;
  ThreadPool pool_{2};
  ApplicationOptions options_;
};

TEST_F(ApplicationTest, RunsAndReports) {
  const auto result = RunApplication(Spec(), options_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->progress.finished, 6);
  EXPECT_EQ(result->analysis.frames.size(), 6u);
  EXPECT_GT(*result->analysis.ai_share, 0);
  EXPECT_LT(*result->analysis.ai_share, 1);
  const auto summary = nlohmann::json::parse(SummaryJson(*result));
  EXPECT_EQ(summary["frames"], 6);
  for (const char* key :
       {"seconds", "realtime_factor", "recall", "precision", "rank1", "stranger_acceptance",
        "latency_p50_ms", "latency_p99_ms", "ai_share", "cpu_utilisation"}) {
    EXPECT_TRUE(summary.contains(key)) << key;
  }
  EXPECT_TRUE(summary["recall"].is_null());

  const std::string report = folder_ + "/report";
  const Status written = WriteReports(report, *result, Page());
  ASSERT_TRUE(written.ok()) << written;
  const auto runs = measure::ReadRunFile(report + "/records.jsonl");
  ASSERT_TRUE(runs.ok()) << runs.status();
  EXPECT_EQ((*runs)[0].graph->nodes.size(), 3u);
  EXPECT_EQ((*runs)[0].graph->nodes[2].replicas, 2);
  EXPECT_TRUE(nlohmann::json::parse(*ReadFile(report + "/trace.json")).contains("traceEvents"));
  EXPECT_THAT(*ReadFile(report + "/report.html"), HasSubstr("<title>means - Plumbline</title>"));
}

// The spans of stage `net` without waiting, and those below it.
struct NetSpans {
  std::vector<measure::Span> own, steps;
};
NetSpans SpansOfNet(const measure::Run& run) {
  NetSpans found;
  for (const measure::Span& span : run.spans) {
    if (span.parent != 0) found.steps.push_back(span);
    if (run.names.Text(span.where) != "net" || span.kind == measure::Kind::kWait) continue;
    found.own.push_back(span);
  }
  return found;
}

TEST_F(ApplicationTest, AProfiledRunHasASpanForEachStepOfItsNetworks) {
  EXPECT_TRUE(SpansOfNet(RunApplication(Spec(), options_)->run).steps.empty());
  PipelineSpec one_stage = Spec(), batches = Spec();
  ASSERT_TRUE(OverrideParam(&one_stage, "net", "profile", "true").ok());
  ASSERT_TRUE(OverrideParam(&batches, "net", "batch", "4").ok());
  for (const bool whole_run : {false, true}) {
    options_.profile = whole_run;
    const auto result = RunApplication(whole_run ? batches : one_stage, options_);
    ASSERT_TRUE(result.ok()) << result.status();
    const measure::Run& run = result->run;
    const NetSpans net = SpansOfNet(run);
    ASSERT_EQ(net.own.size(), 6u);
    ASSERT_GE(net.steps.size(), 6u);
    std::int64_t self = 0;
    for (const measure::Span& own : net.own) {
      self += own.end - own.begin;
      std::int64_t last = own.begin;
      int steps = 0;
      for (const measure::Span& step : net.steps) {
        if (step.parent != own.id) continue;
        ++steps;
        EXPECT_EQ(step.trace, own.trace);
        EXPECT_EQ(step.kind, measure::Kind::kAi);
        EXPECT_LE(last, step.begin);
        EXPECT_LE(step.begin, step.end);
        EXPECT_GT(step.bytes_in, 0);
        EXPECT_NE(step.note, 0u);
        last = step.end;
      }
      EXPECT_GE(steps, 1);
      EXPECT_LE(last, own.end);
    }
    // Steps are part of the stage, and nothing is counted twice.
    EXPECT_EQ(result->analysis.stages.size(), 3u);
    EXPECT_EQ(measure::TimeOf(result->analysis.stages[2].self, measure::Kind::kAi), self);
    EXPECT_EQ(result->analysis.stages[2].items, 6);
  }
}

TEST_F(ApplicationTest, AFullDiskWhileWritingAReportIsAnError) {
  const auto result = RunApplication(Spec(), options_);
  ASSERT_TRUE(result.ok()) << result.status();
  for (const char* name : {"records.jsonl", "trace.json", "summary.json", "report.html"}) {
    const std::string report = folder_ + "/full_" + name;
    ASSERT_TRUE(MakeDirectories(report).ok());
    ASSERT_EQ(symlink("/dev/full", (report + "/" + name).c_str()), 0);
    const std::string message = Text(WriteReports(report, *result, Page()));
    EXPECT_THAT(message, HasSubstr(name));
    EXPECT_THAT(message, HasSubstr("No space left on device"));
  }
  EXPECT_THAT(Text(WriteReports("/dev/null/report", *result)), HasSubstr("/dev/null/report"));
}

TEST_F(ApplicationTest, GroundTruthNeedsSomethingToCompareWith) {
  options_.truth = folder_ + "/none.jsonl";
  EXPECT_EQ(Text(RunApplication(Spec(), options_).status()),
            "cannot read the ground truth '" + folder_ + "/none.jsonl'");
  options_.truth = folder_ + "/in/0.ppm";
  EXPECT_EQ(Text(RunApplication(Spec(), options_).status()),
            "means.yaml: no stage of type write_jsonl: ground truth is compared with what it "
            "writes");
}

TEST_F(ApplicationTest, AnUnreadableSourceEndsTheRun) {
  PipelineSpec spec = Spec();
  ASSERT_TRUE(OverrideSource(&spec, folder_ + "/none.mp4").ok());
  EXPECT_EQ(Text(RunApplication(spec, options_).status()),
            "stage 'read': cannot read '" + folder_ + "/none.mp4': No such file or directory");
}

TEST_F(ApplicationTest, AStopThatIsAskedForBeforeItBeginsLeavesNothingUnderWay) {
  const std::atomic<int> stop{1};
  options_.stop = &stop;
  const auto result = RunApplication(Spec(), options_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->progress.started, result->progress.finished);
}

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
    EXPECT_THAT(failures[0], StartsWith(cut + ": frame 0: a packet cannot be decoded: Invalid data "
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
  for (std::size_t i = 0; i < 64; ++i) bytes[bytes.size() / 2 + i] = static_cast<char>(0xA5 ^ i);
  ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());

  PipelineSpec spec = Spec();
  ASSERT_TRUE(OverrideSource(&spec, path).ok());
  const auto result = RunApplication(spec, options_);
  ASSERT_TRUE(result.ok()) << result.status();
  const std::vector<std::string> failures = Failures(result->run);
  ASSERT_GE(failures.size(), 1u);
  EXPECT_LE(failures.size(), 3u);
  EXPECT_THAT(failures[0], StartsWith(path + ": frame "));
  EXPECT_THAT(failures[0], HasSubstr("cannot be decoded: Invalid data found"));
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
  ASSERT_TRUE(OverrideSource(&spec, PLUMB_SOURCE_DIR "/apps/faces/data/enrol/test7_000/1.jpg").ok());
  ASSERT_TRUE(OverrideParam(&spec, "match", "gallery", gallery).ok());
  const auto result = RunApplication(spec, options_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(Warnings(*result),
              ElementsAre("'match': the gallery '" + gallery + "' is empty: everybody is a stranger"));
}

TEST_F(ApplicationTest, BadItemsAreAWarningAndAllOfThemAnError) {
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/in/2.ppm", "P6 no picture").ok());
  const auto result = RunApplication(Spec(), options_);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(Warnings(*result).size(), 1u);
  EXPECT_THAT(Warnings(*result)[0],
              StartsWith("1 bad items were skipped; the first in 'read': " + folder_ +
                         "/in/2.ppm: frame 2: "));
  fs::remove_all(folder_ + "/in");
  ASSERT_TRUE(MakeDirectories(folder_ + "/in").ok());
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/in/0.jpg", "no picture").ok());
  EXPECT_THAT(Text(RunApplication(Spec(), options_).status()),
              StartsWith("every item was bad; the first: stage 'read': " + folder_ +
                         "/in/0.jpg: frame 0: "));
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

}  // namespace
}  // namespace plumb::pipeline
