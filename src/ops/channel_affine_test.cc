// Which nodes count as y = scale * x + shift per channel, and what folding that into a convolution
// or a product gives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "ops/interpreter.h"
#include "ops/ops.h"

namespace plumb::ops {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

Graph Parse(std::string_view text) {
  auto graph = ParseGraph(text, AllOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? *std::move(graph) : Graph();
}

std::optional<ChannelAffine> AffineOfOutput(const Graph& graph) {
  const Node& node = graph.node(graph.value(graph.outputs()[0]).producer);
  return node.op->as_affine(graph, node);
}

TEST(ChannelAffineTest, ConstantsPerChannelAndScalars) {
  const Graph per_channel = Parse(R"(graph g(x: f32[N,3,8,8]) -> (y) {
    c = const f32[3,1,1] {1, 2, 4}
    y = Mul(x, c)
  })");
  auto affine = AffineOfOutput(per_channel);
  ASSERT_TRUE(affine.has_value());
  EXPECT_THAT(affine->scale, ElementsAre(1, 2, 4));
  EXPECT_THAT(affine->shift, ElementsAre(0));

  const Graph from_left = Parse(R"(graph g(x: f32[N,3]) -> (y) {
    c = const f32[] {5}
    y = Sub(c, x)
  })");
  affine = AffineOfOutput(from_left);
  ASSERT_TRUE(affine.has_value());
  EXPECT_THAT(affine->scale, ElementsAre(-1));
  EXPECT_THAT(affine->shift, ElementsAre(5));
}

TEST(ChannelAffineTest, OtherConstantsDoNotCount) {
  for (const char* text :
       {"graph g(x: f32[N,3,8,8]) -> (y) { c = const f32[8] seed(1)\n y = Mul(x, c) }",
        "graph g(x: f32[N,C,8,8]) -> (y) { c = const f32[3,1,1] seed(1)\n y = Mul(x, c) }",
        "graph g(x: f32[N,1,8]) -> (y) { c = const f32[4,1] seed(1)\n y = Add(x, c) }",
        "graph g(x: f32[N,3]) -> (y) { c = const f32[] {0}\n y = Div(x, c) }",
        "graph g(x: f32[N,3]) -> (y) { c = const f32[] {2}\n y = Div(c, x) }"}) {
    EXPECT_FALSE(AffineOfOutput(Parse(text)).has_value()) << text;
  }
}

// Folds the node that makes the output into its producer and compares what both graphs compute.
void ExpectFolds(const Graph& graph, const Tensor& x) {
  const auto expected = Interpret(graph, {x});
  ASSERT_TRUE(expected.ok()) << expected.status();
  const auto affine = AffineOfOutput(graph);
  ASSERT_TRUE(affine.has_value());
  Graph folded = graph.Clone();
  const NodeId last = folded.value(folded.outputs()[0]).producer;
  const ValueId product = folded.node(last).input(0);
  const NodeId producer = folded.value(product).producer;
  ASSERT_TRUE(folded.node(producer).op->absorb_affine(folded, producer, *affine));
  folded.set_output(0, product);
  folded.RemoveDeadNodes();
  const auto actual = Interpret(folded, {x});
  ASSERT_TRUE(actual.ok()) << actual.status();
  EXPECT_THAT((*actual)[0].data<float>(),
              Pointwise(FloatNear(1e-4f), (*expected)[0].data<float>()));
}

Tensor Ramp(const Shape& shape) {
  Tensor tensor = Tensor::Zeros(DType::kFloat32, shape);
  float next = -1;
  for (float& value : tensor.mutable_data<float>()) value = next += 0.13f;
  return tensor;
}

TEST(ChannelAffineTest, BatchNormalizationFoldsIntoAGroupedConvolution) {
  ExpectFolds(Parse(R"(graph g(x: f32[1,4,3,3]) -> (y) {
    w = const f32[6,2,2,2] seed(1)
    scale = const f32[6] {1, 2, 0.5, -1, 1.5, 3}
    shift = const f32[6] {0, 1, 2, 3, 4, 5}
    mean = const f32[6] {0.1, 0.2, 0.3, 0.4, 0.5, 0.6}
    variance = const f32[6] {1, 2, 3, 4, 5, 6}
    c = Conv(x, w) {group = 2}
    y = BatchNormalization(c, scale, shift, mean, variance)
  })"),
              Ramp({1, 4, 3, 3}));
}

TEST(ChannelAffineTest, ScaleFoldsIntoATransposedConvolution) {
  ExpectFolds(Parse(R"(graph g(x: f32[1,4,3,3]) -> (y) {
    w = const f32[4,3,2,2] seed(1)
    b = const f32[6] seed(2)
    scale = const f32[6,1,1] {1, 2, 0.5, -1, 1.5, 3}
    c = ConvTranspose(x, w, b) {group = 2}
    y = Mul(c, scale)
  })"),
              Ramp({1, 4, 3, 3}));
}

TEST(ChannelAffineTest, AdditionFoldsIntoALinearLayer) {
  ExpectFolds(Parse(R"(graph g(x: f32[2,3]) -> (y) {
    w = const f32[4,3] seed(1)
    b = const f32[4] seed(2)
    shift = const f32[4] {1, 2, 3, 4}
    c = Gemm(x, w, b) {transB = 1, alpha = 0.5}
    y = Add(c, shift)
  })"),
              Ramp({2, 3}));
}

}  // namespace
}  // namespace plumb::ops
