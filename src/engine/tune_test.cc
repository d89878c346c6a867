#include "engine/tune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "engine/session.h"
#include "graph/text.h"
#include "ops/ops.h"

namespace plumb::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kNet = R"(
graph net(x: f32[N,16,12,12]) -> (y) {
  w = const f32[16,16,3,3] seed(1)
  v = const f32[24,16,1,1] seed(2)
  b = const f32[24] seed(3)
  m = const f32[3456,10] seed(4)
  shape = const i64[2] {0, 3456}
  a = Conv(x, w) {pads = [1, 1, 1, 1]}
  c = Conv(a, w) {pads = [1, 1, 1, 1]}
  d = Conv(c, v, b)
  e = Reshape(d, shape)
  y = MatMul(e, m)
})";

std::shared_ptr<Model> Compile(std::shared_ptr<const TuningDatabase> tuning) {
  CompileOptions options;
  options.target = *HostTarget();
  options.tuning = std::move(tuning);
  auto graph = ParseGraph(kNet, ops::AllOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  auto model = Model::Compile(*std::move(graph), options);
  EXPECT_TRUE(model.ok()) << model.status();
  return *model;
}

// The steps of a plan for one image.
std::vector<StepInfo> StepsOf(const std::shared_ptr<Model>& model) {
  ThreadPool pool(1);
  Session session(model, &pool);
  const std::vector<Shape> shapes{Shape{1, 16, 12, 12}};
  const auto segment = session.FirstSegment(shapes);
  EXPECT_TRUE(segment.ok()) << segment.status();
  return (*segment)->steps;
}

TuneOptions Quickly() {
  TuneOptions options;
  options.measure.seconds = 1e-4;
  return options;
}

TEST(Tune, MeasuresEachDifferentProblemOnce) {
  const auto model = Compile(nullptr);
  StepsOf(model);
  TuningDatabase database("");
  std::vector<std::string> told;
  TuneOptions options = Quickly();
  options.progress = [&](const TunedNode& tuned) {
    told.push_back(absl::StrCat(tuned.op, " ", tuned.number, "/", tuned.of));
  };
  const auto tuned = TuneModel(*model, &database, options);
  ASSERT_TRUE(tuned.ok()) << tuned.status();
  // The two convolutions of 3x3 are one problem.
  EXPECT_THAT(told, testing::ElementsAre("Conv 1/3", "Conv 2/3", "MatMul 3/3"));
  EXPECT_EQ(database.size(), 3u);
  for (const TunedNode& node : *tuned) {
    EXPECT_FALSE(node.known);
    EXPECT_GT(node.kernel.seconds, 0);
    EXPECT_LE(node.kernel.seconds, 1.011 * node.kernel.next_seconds);
    EXPECT_LE(node.kernel.seconds, node.before_seconds);
  }
}

TEST(Tune, WhatIsKnownIsNotMeasuredAgainUnlessAsked) {
  const auto model = Compile(nullptr);
  StepsOf(model);
  TuningDatabase database("");
  ASSERT_TRUE(TuneModel(*model, &database, Quickly()).ok());
  auto second = TuneModel(*model, &database, Quickly());
  ASSERT_TRUE(second.ok());
  for (const TunedNode& node : *second) EXPECT_TRUE(node.known);
  TuneOptions again = Quickly();
  again.again = true;
  auto third = TuneModel(*model, &database, again);
  ASSERT_TRUE(third.ok());
  for (const TunedNode& node : *third) EXPECT_FALSE(node.known);
}

TEST(Tune, AModelCompiledLaterTakesWhatWasFastest) {
  const auto model = Compile(nullptr);
  StepsOf(model);
  auto database = std::make_shared<TuningDatabase>("");
  ASSERT_TRUE(TuneModel(*model, database.get(), Quickly()).ok());
  // Whatever was found, another candidate is remembered for each problem.
  std::set<std::string> remembered;
  for (const auto& problem : model->problems()) {
    const auto choices = ListKernels(*problem, model->target());
    ASSERT_TRUE(choices.ok());
    const std::string name = choices->back().name;
    database->Insert(KeyOf(*problem), {name, 0.002, "the next", 0.003});
    remembered.insert(name);
  }
  std::set<std::string> taken;
  for (const StepInfo& step : StepsOf(Compile(database))) {
    if (step.why.empty() || step.cost.macs == 0) continue;
    EXPECT_EQ(step.why, "measured 2 ms, next the next 3 ms");
    taken.insert(step.algorithm);
  }
  EXPECT_EQ(taken, remembered);
  // The model that was measured keeps what it has packed.
  for (const StepInfo& step : StepsOf(model))
    EXPECT_THAT(step.why, testing::Not(StartsWith("meas")));
}

TEST(Tune, AKernelThatIsNotThereAnyMoreIsIgnored) {
  const auto model = Compile(nullptr);
  StepsOf(model);
  auto database = std::make_shared<TuningDatabase>("");
  for (const auto& problem : model->problems()) {
    database->Insert(KeyOf(*problem), {"gone", 0.002, "", 0});
  }
  for (const StepInfo& step : StepsOf(Compile(database))) {
    EXPECT_THAT(step.why, testing::Not(HasSubstr("measured")));
  }
}

TEST(Tune, StopsWhenCancelled) {
  const auto model = Compile(nullptr);
  StepsOf(model);
  TuningDatabase database("");
  std::atomic<bool> cancel = false;
  TuneOptions options = Quickly();
  options.cancel = &cancel;
  options.progress = [&](const TunedNode&) { cancel = true; };
  const auto tuned = TuneModel(*model, &database, options);
  ASSERT_TRUE(tuned.ok());
  EXPECT_EQ(tuned->size(), 1u);
}

TEST(KernelProblem, KeysTellProblemsApart) {
  const auto model = Compile(nullptr);
  StepsOf(model);
  ThreadPool pool(1);
  Session session(model, &pool);
  ASSERT_TRUE(session.Prepare(std::vector<Shape>{Shape{2, 16, 12, 12}}).ok());
  std::set<std::string> keys;
  for (const auto& problem : model->problems()) keys.insert(KeyOf(*problem));
  EXPECT_EQ(keys.size(), 3u);  // kernels were chosen for the first shape alone
  KernelProblem changed = *model->problems()[0];
  const std::string key = KeyOf(changed);
  changed.inputs[0].strides[2] += 16;
  EXPECT_NE(KeyOf(changed), key);
  changed = *model->problems()[0];
  changed.inputs[0].dtype = DType::kBFloat16;
  EXPECT_NE(KeyOf(changed), key);
}

}  // namespace
}  // namespace plumb::engine
