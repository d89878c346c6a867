#include "lab/model_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "ops/ops.h"

namespace plumb::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

Graph Parse(std::string_view text) {
  StatusOr<Graph> graph = ParseGraph(text, ops::AllOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

std::shared_ptr<engine::Model> Compile(std::string_view text) {
  engine::CompileOptions options;
  options.target = *HostTarget();
  auto model = engine::Model::Compile(Parse(text), options);
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

engine::Outline OutlineText(std::string_view text, const std::vector<Shape>& shapes) {
  auto outline = engine::OutlineOf(Compile(text), shapes);
  EXPECT_TRUE(outline.ok()) << outline.status();
  return *std::move(outline);
}

TEST(PrecisionOfTest, SaysWhatIsMultiplied) {
  constexpr char kQuantised[] = R"(graph g(x: f32[N,16]) -> (y) {
  s = const f32[] {0.1}
  z = const u8[] {100}
  w = const i8[16,4] seed(1)
  q = QuantizeLinear(x, s, z)
  d = DequantizeLinear(q, s, z)
  v = DequantizeLinear(w, s)
  y = MatMul(d, v)
})";
  constexpr char kReal[] = R"(graph g(x: f32[N,16]) -> (y) {
  w = const f32[16,4] seed(1)
  y = MatMul(x, w)
})";
  EXPECT_EQ(PrecisionOf(*Compile(kQuantised)), "int8");
  EXPECT_EQ(PrecisionOf(*Compile(kReal)), "f32");
  engine::CompileOptions options;
  options.target = *HostTarget();
  options.precision = DType::kBFloat16;
  const auto narrow = engine::Model::Compile(Parse(kReal), options);
  ASSERT_TRUE(narrow.ok()) << narrow.status();
  EXPECT_EQ(PrecisionOf(**narrow), "bf16");
}

constexpr char kLinear[] = R"(graph g(x: f32[N,3]) -> (y) {
  w = const f32[3,2] seed(1)
  h = MatMul(x, w)
  y = Softmax(h)
})";

constexpr char kBranch[] = R"(graph g(c: bool[], x: f32[N,3]) -> (y) {
  z = If(c) {then_branch = graph () captures (x) -> (t) { t = Softmax(x) },
             else_branch = graph () captures (x) -> (t) { t = Neg(x) }} "choice"
  i = NonZero(z) "found"
  y = Add(i, i)
})";

TEST(GraphFactsTest, CountsNodesOfSubgraphsToo) {
  EXPECT_EQ(FactsOf(Parse(kLinear)).params, 6);
  EXPECT_EQ(FactsOf(Parse(kLinear)).nodes, 2);
  EXPECT_EQ(FactsOf(Parse(R"(graph g(x: f32[2,3]) -> (y) {
  w = const i8[3,4] seed(1)
  s = const f32[] {0.1}
  z = const i8[] {0}
  d = DequantizeLinear(w, s, z)
  y = MatMul(x, d)
})"))
                .params,
            3 * 4 + 1);
  const GraphFacts facts = FactsOf(Parse(kBranch));
  EXPECT_EQ(facts.nodes, 5);
  EXPECT_THAT(facts.operators, ElementsAre(Pair("Add", 1), Pair("If", 1), Pair("Neg", 1),
                                           Pair("NonZero", 1), Pair("Softmax", 1)));
}

TEST(PlanFactsTest, CountsWhatIsPlannedAhead) {
  const std::vector<Shape> shapes = {{4, 3}};
  const engine::Outline outline = OutlineText(kLinear, shapes);
  const PlanFacts facts = FactsOf(outline, shapes);
  EXPECT_EQ(facts.macs, 4 * 3 * 2);
  EXPECT_EQ(facts.steps, 2);
  EXPECT_EQ(facts.segments, 1);
  EXPECT_GT(facts.arena_bytes, 0);
  // Input 4x3, output 4x2, and the weight as it was packed.
  EXPECT_EQ(facts.run_bytes,
            facts.arena_bytes + outline.model->packed_bytes() + (4 * 3 + 4 * 2) * 4);
}

TEST(StepsOfTest, NodesThatTheEngineRunsStandBeforeTheirBodies) {
  const engine::Outline outline = OutlineText(kBranch, {{}, {2, 3}});
  std::vector<std::string> lines;
  for (const PlannedStep& step : StepsOf(outline)) {
    lines.push_back(step.body + "|" + step.info.name + "|" + step.info.op);
    EXPECT_EQ(step.info.algorithm == "host", step.info.op == "If" || step.info.op == "NonZero");
    EXPECT_NE(step.info.why, "");
  }
  EXPECT_THAT(lines, ElementsAre("|choice|If", "choice/then_branch|t|Softmax",
                                 "choice/else_branch|t|Neg", "|found|NonZero"));
  const std::vector<PlannedAtRun> rests = PlannedAtRunOf(outline);
  ASSERT_EQ(rests.size(), 1u);
  EXPECT_EQ(rests[0].body, "");
  EXPECT_EQ(rests[0].after, "found");
  EXPECT_EQ(rests[0].nodes, 1);
}

TEST(StepsOfTest, NothingIsLeftOfAModelThatIsPlannedWhole) {
  const engine::Outline outline = OutlineText(kLinear, {{4, 3}});
  EXPECT_EQ(StepsOf(outline).size(), 2u);
  EXPECT_TRUE(PlannedAtRunOf(outline).empty());
}

TEST(ReplanMsTest, NeedsAnOpenBatch) {
  ThreadPool pool(1);
  engine::Session open(Compile(kLinear), &pool);
  EXPECT_GE(ReplanMs(open, {{4, 3}}).value_or(-1), 0);
  engine::Session fixed(Compile("graph g(x: f32[2,3]) -> (y) { y = Softmax(x) }"), &pool);
  EXPECT_EQ(ReplanMs(fixed, {{2, 3}}), std::nullopt);
}

}  // namespace
}  // namespace plumb::lab
