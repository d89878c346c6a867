// The runner with stages made for the tests: what is under test is threads, order, errors,
// stopping.
#include "pipeline/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>

#include "core/random.h"
#include "measure/analysis.h"

namespace plumb::pipeline {
namespace {

using testing::HasSubstr;

// What the last stage of a run saw; one run at a time.
struct Seen {
  std::mutex mutex;
  std::vector<std::uint64_t> traces;
  std::map<std::string, std::vector<std::uint64_t>> traces_of;  // by the id of the sink
  std::vector<std::size_t> batches;
  int finished = 0, abandoned = 0;
};
Seen* seen = nullptr;

// Keys: items (-1: without end), bad (trace after which one bad item comes), fail (trace).
class TestSource : public Source {
 public:
  explicit TestSource(StageParams& params)
      : items_(params.Int("items", 10, -1, 1'000'000)),
        bad_(params.Int("bad", -1, -1, 1'000'000)),
        fail_(params.Int("fail", -1, -1, 1'000'000)),
        period_ns_(params.Int("period_us", -1, -1, 1'000'000) * 1000) {}
  Status Start(const StageContext&) override { return OkStatus(); }
  StatusOr<bool> Next(Message* message) override {
    if (next_ == bad_ && !was_bad_) {
      was_bad_ = true;
      message->frame = next_;
      return BadItem("torn");
    }
    if (next_ == fail_) return Unavailable("the camera is gone");
    message->frame = next_;
    ++next_;
    return items_ < 0 || next_ <= items_;
  }
  std::int64_t DueOfNext() override { return period_ns_ < 0 ? -1 : next_ * period_ns_; }

 private:
  const std::int64_t items_, bad_, fail_, period_ns_;
  std::int64_t next_ = 0;
  bool was_bad_ = false;
};

// Keys: jitter (up to so many microseconds of work), bad_every, fail_at, start_fails, batch.
class TestWork : public Stage {
 public:
  explicit TestWork(StageParams& params)
      : jitter_(params.Int("jitter", 0, 0, 100'000)),
        bad_every_(params.Int("bad_every", 0, 0, 1000)),
        fail_at_(params.Int("fail_at", -1, -1, 1'000'000)),
        start_fails_(params.Flag("start_fails", false)),
        batch_(static_cast<int>(params.Int("batch", 1, 1, 64))) {}
  Status Start(const StageContext&) override {
    return start_fails_ ? NotFound("no such model") : OkStatus();
  }
  int batch() const override { return batch_; }
  Status ProcessBatch(std::span<Message*> messages, std::span<Status> results) override {
    {
      std::lock_guard lock(seen->mutex);
      seen->batches.push_back(messages.size());
    }
    return Stage::ProcessBatch(messages, results);
  }
  Status Process(Message& message) override {
    const auto trace = static_cast<std::int64_t>(message.trace);
    if (jitter_ > 0) {
      Random random(message.trace);
      std::this_thread::sleep_for(std::chrono::microseconds(random.Uniform(0, jitter_)));
    }
    if (trace == fail_at_) return Internal("broke");
    if (bad_every_ > 0 && trace % bad_every_ == 0) return BadItem("not a face");
    message.Set("touched", Note{"1"});
    return OkStatus();
  }

 private:
  const std::int64_t jitter_, bad_every_, fail_at_;
  const bool start_fails_;
  const int batch_;
};

class TestSink : public Stage {
 public:
  explicit TestSink(StageParams& params) : fails_(params.Flag("finish_fails", false)) {}
  Status Start(const StageContext& context) override {
    id_ = context.id;
    return OkStatus();
  }
  Status Process(Message& message) override {
    EXPECT_NE(message.Find("touched"), nullptr);
    std::lock_guard lock(seen->mutex);
    seen->traces.push_back(message.trace);
    seen->traces_of[id_].push_back(message.trace);
    return OkStatus();
  }
  Status Finish() override {
    std::lock_guard lock(seen->mutex);
    ++seen->finished;
    return fails_ ? ResourceExhausted("the disk is full") : OkStatus();
  }
  void Abandon() override {
    std::lock_guard lock(seen->mutex);
    ++seen->abandoned;
  }

 private:
  const bool fails_;
  std::string id_;
};

template <typename T>
StatusOr<std::unique_ptr<Stage>> MakeTestStage(StageParams& params) {
  return std::make_unique<T>(params);
}
StatusOr<std::unique_ptr<Source>> MakeTestSource(StageParams& params) {
  return std::make_unique<TestSource>(params);
}

constexpr StageType kSource = {"test_source", measure::Kind::kIo, nullptr, &MakeTestSource};
constexpr StageType kWork = {"test_work", measure::Kind::kAi, &MakeTestStage<TestWork>, nullptr};
constexpr StageType kSink = {"test_sink", measure::Kind::kSerialize, &MakeTestStage<TestSink>,
                             nullptr};

using Params = std::vector<std::pair<std::string, std::string>>;

StageSpec Spec(const std::string& id, const StageType& type, int replicas, const Params& params) {
  StageSpec spec;
  spec.id = id;
  spec.type = &type;
  spec.replicas = replicas;
  spec.params.form = ParamNode::Form::kMap;
  spec.params.origin = std::make_shared<ParamOrigin>();
  for (const auto& [key, value] : params) {
    ParamNode node;
    node.origin = spec.params.origin;
    node.text = value;
    spec.params.members.emplace_back(key, node);
  }
  return spec;
}

// source -> work (replicas) -> sink, the last channel ordered.
PipelineSpec ThreeStages(const Params& source, const Params& work, int replicas,
                         const Params& sink = {}) {
  PipelineSpec spec;
  spec.name = "test";
  spec.file = "test.yaml";
  spec.stages = {Spec("source", kSource, 1, source), Spec("work", kWork, replicas, work),
                 Spec("sink", kSink, 1, sink)};
  spec.channels = {{0, 1, 3, false, ""}, {1, 2, 4, true, ""}};
  return spec;
}

class RunnerTest : public testing::Test {
 protected:
  RunnerTest() { seen = &seen_; }
  ~RunnerTest() override { seen = nullptr; }

  std::unique_ptr<Runner> Make(const PipelineSpec& spec, measure::Recorder* recorder = nullptr) {
    RunnerOptions options;
    options.pool = &pool_;
    options.recorder = recorder;
    options.on_progress = [this](const Progress& progress) {
      last_ = progress;
      if (on_progress_) on_progress_(progress);
    };
    options.progress_ms = 1;
    auto runner = Runner::Create(spec, options);
    EXPECT_TRUE(runner.ok()) << runner.status();
    return runner.ok() ? std::move(*runner) : nullptr;
  }

  Seen seen_;
  ThreadPool pool_{1};
  Progress last_;
  std::function<void(const Progress&)> on_progress_;
};

std::string Text(const Status& status) { return std::string(status.message()); }

TEST_F(RunnerTest, ReplicasKeepTheOrderWhereItIsAskedFor) {
  const auto runner = Make(ThreeStages({{"items", "300"}}, {{"jitter", "200"}}, 4));
  ASSERT_TRUE(runner->Run().ok());
  ASSERT_EQ(seen_.traces.size(), 300u);
  for (std::uint64_t i = 0; i < 300; ++i) EXPECT_EQ(seen_.traces[i], i);
  EXPECT_EQ(last_.finished, 300);
  EXPECT_EQ(seen_.finished, 1);
  EXPECT_EQ(seen_.abandoned, 0);
}

// A message that a slow replica keeps back must not end up behind those that wait for it.
TEST_F(RunnerTest, OrderIsKeptThroughAStageBetweenReplicasAndTheChannelThatWantsIt) {
  PipelineSpec spec = ThreeStages({{"items", "400"}}, {{"jitter", "1000"}}, 4);
  spec.stages.insert(spec.stages.begin() + 2, Spec("between", kWork, 1, {}));
  spec.stages.push_back(Spec("second", kSink, 1, {}));
  spec.channels = {
      {0, 1, 2, false, ""}, {1, 2, 1, false, ""}, {2, 3, 1, true, ""}, {2, 4, 2, false, ""}};
  const auto runner = Make(spec);
  ASSERT_TRUE(runner->Run().ok());
  EXPECT_EQ(last_.finished, 400);
  std::vector<std::uint64_t> expected(400);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(seen_.traces_of["sink"], expected);
  EXPECT_THAT(seen_.traces_of["second"], testing::UnorderedElementsAreArray(expected));
}

TEST_F(RunnerTest, BadItemsAreRecordedAndSkippedAndTheOrderHolds) {
  measure::Recorder recorder;
  const auto runner =
      Make(ThreeStages({{"items", "20"}, {"bad", "5"}}, {{"bad_every", "7"}}, 2), &recorder);
  ASSERT_TRUE(runner->Run().ok());
  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 0; i < 20; ++i) {
    if (i % 7 != 0) expected.push_back(i);
  }
  EXPECT_EQ(seen_.traces, expected);
  EXPECT_EQ(last_.failed, 4);
  EXPECT_EQ(last_.finished, 20);
  const measure::Run run = recorder.Finish({});
  std::multiset<std::string> events;
  for (const measure::Event& event : run.events) events.insert(event.where + ": " + event.why);
  EXPECT_EQ(events, (std::multiset<std::string>{
                        "source: frame 5: torn", "work: frame 0: not a face",
                        "work: frame 7: not a face", "work: frame 14: not a face"}));
}

TEST_F(RunnerTest, OnlyBadItemsAreAnError) {
  const auto runner = Make(ThreeStages({{"items", "3"}}, {{"bad_every", "1"}}, 1));
  EXPECT_EQ(Text(runner->Run()),
            "every item was bad; the first: stage 'work': frame 0: not a face");
}

TEST_F(RunnerTest, AnErrorOfAStageEndsTheRunAndNamesIt) {
  const auto runner = Make(ThreeStages({{"items", "-1"}}, {{"fail_at", "30"}}, 3));
  EXPECT_EQ(Text(runner->Run()), "stage 'work': broke");
  EXPECT_EQ(seen_.finished, 0);
  EXPECT_EQ(seen_.abandoned, 1);
}

TEST_F(RunnerTest, AnErrorOfTheSourceEndsTheRun) {
  const auto runner = Make(ThreeStages({{"fail", "4"}}, {}, 1));
  EXPECT_EQ(Text(runner->Run()), "stage 'source': the camera is gone");
}

TEST_F(RunnerTest, AnErrorAtTheEndIsAnError) {
  const auto runner = Make(ThreeStages({}, {}, 1, {{"finish_fails", "true"}}));
  EXPECT_EQ(Text(runner->Run()), "stage 'sink': the disk is full");
}

TEST_F(RunnerTest, AStageThatCannotStartEndsTheRunBeforeTheSourceBegins) {
  const auto runner = Make(ThreeStages({{"items", "-1"}}, {{"start_fails", "true"}}, 2));
  EXPECT_EQ(Text(runner->Run()), "stage 'work': no such model");
  EXPECT_EQ(last_.started, 0);
}

TEST_F(RunnerTest, StoppingLetsWhatIsUnderWayFinish) {
  const auto runner = Make(ThreeStages({{"items", "-1"}}, {{"jitter", "50"}}, 2));
  on_progress_ = [&](const Progress& progress) {
    if (progress.finished > 20) runner->RequestStop();
  };
  ASSERT_TRUE(runner->Run().ok());
  EXPECT_EQ(last_.started, last_.finished);
  EXPECT_EQ(seen_.traces.size(), static_cast<std::size_t>(last_.finished));
  EXPECT_EQ(seen_.finished, 1);
}

TEST_F(RunnerTest, StoppingIsPromptWhileASourceWaitsForItsTime) {
  const auto runner = Make(ThreeStages({{"items", "-1"}, {"period_us", "1000000"}}, {}, 1));
  on_progress_ = [&](const Progress& progress) {
    if (progress.started > 0) runner->RequestStop();
  };
  ASSERT_TRUE(runner->Run().ok());
  EXPECT_LT(last_.started, 100);
}

TEST_F(RunnerTest, CancellingDropsWhatIsUnderWay) {
  const auto runner = Make(ThreeStages({{"items", "-1"}}, {}, 2));
  on_progress_ = [&](const Progress& progress) {
    if (progress.finished > 5) runner->Cancel();
  };
  EXPECT_EQ(runner->Run().code(), StatusCode::kCancelled);
  EXPECT_EQ(seen_.abandoned, 1);
}

TEST_F(RunnerTest, ARunnerThatNeverRanGoesAway) {
  EXPECT_NE(Make(ThreeStages({}, {}, 1)), nullptr);
}

TEST_F(RunnerTest, EveryItemLeavesSpansOfWorkAndWaiting) {
  measure::Recorder recorder;
  const auto runner = Make(ThreeStages({{"items", "40"}}, {{"jitter", "100"}}, 2), &recorder);
  ASSERT_TRUE(runner->Run().ok());
  measure::Run run = recorder.Finish({});
  std::map<std::string, int> spans;
  std::set<std::string> threads;
  for (const measure::Span& span : run.spans) {
    ++spans[run.names.Text(span.where) + " " + Str(measure::KindName(span.kind))];
    if (span.kind != measure::Kind::kWait) threads.insert(run.names.Text(span.thread));
    EXPECT_LE(span.begin, span.end);
  }
  EXPECT_EQ(spans, (std::map<std::string, int>{{"source io", 40},
                                               {"work ai", 40},
                                               {"work wait", 40},
                                               {"sink serialize", 40},
                                               {"sink wait", 40}}));
  EXPECT_TRUE(threads.contains("source"));
  EXPECT_TRUE(threads.contains("sink"));
  run.graph = ThreeStages({}, {}, 2).Graph();
  const measure::Analysis analysis = measure::Analyse(run);
  EXPECT_EQ(analysis.frames.size(), 40u);
  EXPECT_EQ(analysis.unfinished, 0);
}

TEST_F(RunnerTest, AStageMayTakeSeveralMessagesAtOnce) {
  measure::Recorder recorder;
  const auto runner =
      Make(ThreeStages({{"items", "100"}}, {{"batch", "3"}, {"jitter", "100"}}, 1), &recorder);
  ASSERT_TRUE(runner->Run().ok());
  EXPECT_EQ(seen_.traces.size(), 100u);
  for (std::size_t batch : seen_.batches) EXPECT_LE(batch, 3u);
  // The spans of a batch follow each other: a stage of one replica is never busy twice.
  const measure::Run run = recorder.Finish({});
  std::int64_t reached = 0;
  int spans = 0;
  for (const measure::Span& span : run.spans) {
    if (span.kind != measure::Kind::kAi) continue;
    EXPECT_GE(span.begin, reached);
    reached = span.end;
    ++spans;
  }
  EXPECT_EQ(spans, 100);
}

TEST_F(RunnerTest, MessagesGoToEveryStageThatASourceFeeds) {
  PipelineSpec spec = ThreeStages({{"items", "30"}}, {}, 2);
  spec.stages.push_back(Spec("second", kSink, 1, {}));
  spec.channels.push_back({1, 3, 2, true, ""});
  const auto runner = Make(spec);
  ASSERT_TRUE(runner->Run().ok());
  EXPECT_EQ(seen_.traces.size(), 60u);
  EXPECT_EQ(last_.finished, 30);
}

TEST_F(RunnerTest, ItemsAreDueAtTheRateOfTheSource) {
  measure::Recorder recorder;
  const auto runner = Make(ThreeStages({{"items", "5"}, {"period_us", "2000"}}, {}, 1), &recorder);
  ASSERT_TRUE(runner->Run().ok());
  const measure::Run run = recorder.Finish({});
  std::vector<std::int64_t> due;
  for (const measure::Span& span : run.spans) {
    if (span.kind != measure::Kind::kIo) continue;
    due.push_back(span.due);
    EXPECT_GE(span.begin, span.due);
  }
  for (std::size_t i = 1; i < due.size(); ++i) EXPECT_EQ(due[i] - due[i - 1], 2'000'000);
}

TEST_F(RunnerTest, ParametersAreCheckedBeforeAnythingRuns) {
  PipelineSpec spec = ThreeStages({}, {{"jitter", "x"}}, 1);
  RunnerOptions options;
  options.pool = &pool_;
  EXPECT_THAT(Text(Runner::Create(spec, options).status()),
              HasSubstr("stage 'work': 'jitter' is 'x', expected a whole number"));
}

}  // namespace
}  // namespace plumb::pipeline
