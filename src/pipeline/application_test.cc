// A whole application on pictures made here: run, records, report, errors at the edges.
#include "pipeline/application_test.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "measure/run_file.h"

namespace plumb::pipeline {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

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

// The spans of the work of stage `net`, and those below it.
struct NetSpans {
  std::vector<measure::Span> own, steps;
};
NetSpans SpansOfNet(const measure::Run& run) {
  NetSpans found;
  for (const measure::Span& span : run.spans) {
    if (span.parent != 0) found.steps.push_back(span);
    const bool work = span.kind != measure::Kind::kWait && span.kind != measure::Kind::kLoad;
    if (work && run.names.Text(span.where) == "net") found.own.push_back(span);
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

TEST_F(ApplicationTest, RecordsSayWhatARunWasGivenAndHowMuchEachStageMoved) {
  const auto result = RunApplication(Spec(), options_);
  ASSERT_TRUE(result.ok()) << result.status();
  const measure::Run& run = result->run;
  EXPECT_EQ(run.header.SettingNumber("threads"), 2);
  EXPECT_THAT(run.header.settings,
              Contains(std::pair<std::string, measure::Setting>("precision", std::string("fp32"))));
  int loads = 0;
  for (const measure::Span& span : run.spans) {
    const std::string& where = run.names.Text(span.where);
    if (span.kind == measure::Kind::kLoad) {
      ++loads;
      EXPECT_EQ(where, "net");
      EXPECT_EQ(span.trace, measure::kNoTrace);
      EXPECT_GT(span.bytes_in, 100);
      EXPECT_THAT(run.names.Text(span.note), HasSubstr("channel_means.onnx"));
      continue;
    }
    if (span.kind == measure::Kind::kWait) continue;
    const std::int64_t picture = 3 * 20 * 10, tensor = 3 * 8 * 8 * 4;
    if (where == "read") {
      EXPECT_EQ(span.bytes_out, picture);
    }
    if (where == "resize") {
      EXPECT_EQ(span.bytes_in, picture);
    }
    if (where == "resize") {
      EXPECT_EQ(span.bytes_out, tensor);
    }
    if (where == "net") {
      EXPECT_EQ(span.bytes_in, tensor);
    }
    if (where == "net") {
      EXPECT_EQ(span.bytes_out, 3 * 4);
    }
  }
  EXPECT_EQ(loads, 1);  // of two replicas
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

TEST_F(ApplicationTest, OnlyARunThatItsSourceEndedIsComplete) {
  EXPECT_TRUE(RunApplication(Spec(), options_)->progress.complete);
  PipelineSpec limited = Spec();
  ASSERT_TRUE(OverrideParam(&limited, "read", "limit", "3").ok());
  const auto result = RunApplication(limited, options_);
  EXPECT_EQ(result->progress.finished, 3);
  EXPECT_FALSE(result->progress.complete);
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

TEST_F(ApplicationTest, BadItemsAreAWarningAndAllOfThemAnError) {
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/in/2.ppm", "P6 no picture").ok());
  const auto result = RunApplication(Spec(), options_);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(Warnings(*result).size(), 1u);
  EXPECT_THAT(Warnings(*result)[0],
              StartsWith("1 frame was skipped in 'read': " + folder_ + "/in/2.ppm: frame 2: "));
  fs::remove_all(folder_ + "/in");
  ASSERT_TRUE(MakeDirectories(folder_ + "/in").ok());
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/in/0.jpg", "no picture").ok());
  EXPECT_THAT(Text(RunApplication(Spec(), options_).status()),
              StartsWith("every item was bad; the first: stage 'read': " + folder_ +
                         "/in/0.jpg: frame 0: "));
}

TEST_F(ApplicationTest, EveryStageTellsHowManyFramesItSkipped) {
  const std::string small(3 * 8 * 8, '\x55');
  for (const char* name : {"/in/3.ppm", "/in/4.ppm"}) {
    ASSERT_TRUE(WriteFileAtomically(folder_ + name, "P6\n8 8\n255\n" + small).ok());
  }
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/in/5.ppm", "P6 no picture").ok());
  const auto spec = ParsePipeline(
      "pipeline: p\n"
      "stages:\n"
      "  read: {stage: media, source: in}\n"
      "  out: {stage: write_video, image: image, path: out.mp4}\n"
      "channels: [{from: read, to: out, ordered: true}]\n",
      "p.yaml", folder_);
  ASSERT_TRUE(spec.ok()) << spec.status();
  const auto result = RunApplication(*spec, options_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(Warnings(*result),
              testing::UnorderedElementsAre(
                  StartsWith("1 frame was skipped in 'read': " + folder_ + "/in/5.ppm: frame 5: "),
                  "2 frames were skipped in 'out'; the first: " + folder_ +
                      "/in/3.ppm: frame 3: a picture of 8x8 in a video of 20x10"));
  EXPECT_EQ(nlohmann::json::parse(SummaryJson(*result))["skipped"], 3);
}

TEST_F(ApplicationTest, ACancelledRunStillHasItsRecords) {
  const std::atomic<int> stop{2};
  options_.stop = &stop;
  const auto result = RunApplication(Spec(), options_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->stopped && result->cancelled);
  EXPECT_TRUE(Warnings(*result).empty());
  ASSERT_EQ(result->run.events.size(), 1u);
  EXPECT_EQ(result->run.events[0].what, "stopped");
  EXPECT_TRUE(WriteReports(folder_ + "/report", *result, Page()).ok());
  EXPECT_TRUE(measure::ReadRunFile(folder_ + "/report/records.jsonl").ok());
}

}  // namespace
}  // namespace plumb::pipeline
