#include "lab/bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "graph/text.h"
#include "ops/ops.h"

namespace plumb::lab {
namespace {

class BenchTest : public ::testing::Test {
 protected:
  StatusOr<BenchResult> Run(std::string_view text, const std::vector<Shape>& shapes,
                            const BenchOptions& options) {
    PLUMB_ASSIGN_OR_RETURN(Graph graph, ParseGraph(text, ops::AllOps()));
    engine::CompileOptions compile;
    PLUMB_ASSIGN_OR_RETURN(compile.target, HostTarget());
    PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<engine::Model> model,
                           engine::Model::Compile(std::move(graph), compile));
    engine::Session session(std::move(model), &pool_);
    return RunBench(session, shapes, options);
  }

  ThreadPool pool_{1};
};

constexpr char kLinear[] = R"(graph g(x: f32[N,3]) -> (y) {
  w = const f32[3,2] seed(1)
  y = MatMul(x, w)
})";

TEST_F(BenchTest, CountsTheRunsThatAreAskedFor) {
  const auto result = Run(kLinear, {{4, 3}}, {.iters = 9, .warmup = 0});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rising_ns.size(), 9u);
  EXPECT_TRUE(std::is_sorted(result->rising_ns.begin(), result->rising_ns.end()));
  EXPECT_EQ(result->ops, 2.0 * 4 * 3 * 2);
  EXPECT_LE(result->Ms(0.5), result->Ms(0.99));
  EXPECT_TRUE(result->steps.empty());
}

TEST_F(BenchTest, TheTimeDecidesWithinBounds) {
  const auto result = Run(kLinear, {{1, 3}}, {.seconds = 0});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rising_ns.size(), 5u);
}

TEST_F(BenchTest, AProfileHasTheStepsOfTheModel) {
  const auto result = Run(kLinear, {{4, 3}}, {.iters = 3, .profile = true});
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->steps.size(), 1u);
  EXPECT_EQ(result->steps[0].step.op, "MatMul");
  EXPECT_EQ(result->steps[0].step.cost.macs, 24);
  EXPECT_GE(result->steps[0].median_ms, 0);
}

TEST_F(BenchTest, OperationsAreUnknownWhereAPartIsPlannedAsItRuns) {
  const auto result =
      Run("graph g(x: f32[N]) -> (y) { i = NonZero(x)\n y = Shape(i) }", {{8}}, {.iters = 2});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->ops, std::nullopt);
}

TEST_F(BenchTest, ShapesThatDoNotFitAreAnError) {
  const auto result = Run(kLinear, {{4, 5}}, {.iters = 1});
  EXPECT_THAT(result.status().message(), ::testing::HasSubstr("input 'x' has shape 4x5"));
}

TEST(PeakResidentBytesTest, CoversWhatThisProcessHeld) {
  constexpr std::size_t kBytes = 64 << 20;
  const std::int64_t before = PeakResidentBytes();
  EXPECT_GT(before, std::int64_t{1} << 20);
  EXPECT_EQ(std::vector<char>(kBytes, 1).back(), 1);
  EXPECT_GT(PeakResidentBytes(), before + static_cast<std::int64_t>(kBytes) * 3 / 4);
}

}  // namespace
}  // namespace plumb::lab
