#include "engine/step_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "ops/ops.h"

namespace plumb::engine {
namespace {

// The transposed copy is what the caller gets: movement that no kernel takes over.
constexpr std::string_view kNet = R"(
graph net(x: f32[2,3,4]) -> (y, z) {
  y = Relu(x)
  z = Transpose(x) {perm = [2, 0, 1]}
}
)";

TEST(StepRecordsTest, EveryStepOfARunBecomesASpan) {
  auto graph = ParseGraph(kNet, ops::AllOps());
  ASSERT_TRUE(graph.ok()) << graph.status();
  CompileOptions options;
  options.target = *HostTarget();
  auto model = Model::Compile(*std::move(graph), options);
  ASSERT_TRUE(model.ok()) << model.status();
  ThreadPool pool(1);
  Session session(*model, &pool);
  StepProfile profile;
  RunOptions run;
  run.profile = &profile;

  measure::Recorder recorder;
  StepRecords records(&recorder);
  std::vector<measure::Span> spans;
  const std::int64_t begin = recorder.Now();
  ASSERT_TRUE(session.Run({Tensor::Zeros(DType::kFloat32, {2, 3, 4})}, run).ok());
  const std::int64_t end = recorder.Now();
  records.Append(profile, &spans);

  ASSERT_EQ(spans.size(), profile.steps.size());
  ASSERT_GE(spans.size(), 2u);
  std::int64_t last = begin;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(spans[i].kind, measure::Kind::kAi);
    EXPECT_LE(last, spans[i].begin);
    EXPECT_LE(spans[i].begin, spans[i].end);
    EXPECT_EQ(spans[i].where, recorder.Name(profile.steps[i].step->name));
    EXPECT_EQ(spans[i].note, recorder.Name(profile.steps[i].step->algorithm));
    EXPECT_EQ(spans[i].bytes_out, 2 * 3 * 4 * 4);
    last = spans[i].end;
  }
  EXPECT_LE(last, end);
  EXPECT_EQ(spans[0].ops, 24);
  EXPECT_EQ(spans.back().ops, 0);  // the copy
}

}  // namespace
}  // namespace plumb::engine
