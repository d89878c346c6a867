// What quantisation makes of small graphs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/random.h"
#include "engine/quantize/correct_bias.h"
#include "engine/quantize/insert_qdq.h"
#include "engine/quantize/prepare.h"
#include "graph/text.h"
#include "ops/interpreter.h"
#include "ops/ops.h"

namespace plumb::engine {
namespace {

using testing::HasSubstr;

Graph Parse(std::string_view text) {
  StatusOr<Graph> graph = ParseGraph(text, ops::AllOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

Tensor Normal(const Shape& shape, std::uint64_t seed = 5) {
  Tensor x = Tensor::Zeros(DType::kFloat32, shape);
  Random random(seed);
  for (float& v : x.mutable_data<float>()) v = static_cast<float>(random.NextNormal());
  return x;
}

std::map<ValueId, Range> RangesOf(const Graph& graph, const QuantizePlan& plan, const Tensor& x) {
  Graph observed = graph.Clone();
  for (const ValueId v : plan.values) observed.AddOutput(v);
  const auto outputs = ops::Interpret(observed, {x});
  EXPECT_TRUE(outputs.ok()) << outputs.status();
  std::map<ValueId, Range> ranges;
  for (std::size_t i = 0; i < plan.values.size(); ++i) {
    RangeCollector collector;
    EXPECT_TRUE(collector.Add((*outputs)[graph.outputs().size() + i].data<float>()).ok());
    ranges[plan.values[i]] = collector.range({});
  }
  return ranges;
}

Graph Quantized(const Graph& graph, const Tensor& x, const QuantizeOptions& options = {},
                const Biases& biases = {}) {
  const auto plan = PlanQuantization(graph, options);
  EXPECT_TRUE(plan.ok()) << plan.status();
  Graph result = graph.Clone();
  const Status inserted =
      InsertQdq(result, ops::AllOps(), *plan, options, RangesOf(graph, *plan, x), biases, nullptr);
  EXPECT_TRUE(inserted.ok()) << inserted;
  return result;
}

const Node& Producer(const Graph& graph, ValueId v) { return graph.node(graph.value(v).producer); }

// The node of this name.
const Node& NodeNamed(const Graph& graph, std::string_view name) {
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (!graph.node(id).erased && graph.node(id).name == name) return graph.node(id);
  }
  ADD_FAILURE() << "no node " << name;
  return graph.node(0);
}

int Count(const Graph& graph, std::string_view op) {
  int count = 0;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    count += !graph.node(id).erased && graph.node(id).op->name == op ? 1 : 0;
  }
  return count;
}

double Mean(const Tensor& a, const Tensor& b, bool magnitude) {
  const std::vector<double> x = ToDoubles(a), y = ToDoubles(b);
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += magnitude ? std::fabs(x[i] - y[i]) : x[i] - y[i];
  }
  return sum / static_cast<double>(x.size());
}

constexpr char kResidual[] = R"(graph g(x: f32[1,4,6,6]) -> (y) {
  w = const f32[4,4,3,3] seed(1)
  b = const f32[4] seed(2)
  v = const f32[4,4,1,1] seed(3)
  c = Conv(x, w, b) {pads = [1, 1, 1, 1]}
  r = Relu(c)
  d = Conv(r, v)
  s = Add(d, r)
  t = Relu(s)
  m = MaxPool(t) {kernel_shape = [2, 2], strides = [2, 2]}
  f = Flatten(m)
  u = const f32[36,5] seed(4)
  y = MatMul(f, u)
})";

TEST(QuantizeTest, AResidualNetworkIsWholeInIntegers) {
  const Graph graph = Parse(kResidual);
  const Tensor x = Normal({1, 4, 6, 6});
  const Graph quantized = Quantized(graph, x);
  // x, r, d, t and, with the scale of t, m and f; c and s are absorbed, y leaves the graph.
  EXPECT_EQ(Count(quantized, "QuantizeLinear"), 6);
  const Node& pool = NodeNamed(quantized, "m");
  const Node& product = NodeNamed(quantized, "y");
  const Node& before = Producer(quantized, pool.inputs[0]);
  const Node& after = Producer(quantized, product.inputs[0]);
  EXPECT_EQ(before.op->name, "DequantizeLinear");
  EXPECT_EQ(before.inputs[1], after.inputs[1]);  // one scale
  EXPECT_EQ(before.inputs[2], after.inputs[2]);
  EXPECT_EQ(NodeNamed(quantized, "r").inputs[0], quantized.FindValue("c"));
  EXPECT_EQ(quantized.value(quantized.outputs()[0]).name, "y");
  const auto real = ops::Interpret(graph, {x});
  const auto integers = ops::Interpret(quantized, {x});
  ASSERT_TRUE(real.ok() && integers.ok()) << integers.status();
  double largest = 0;
  for (const double v : ToDoubles((*real)[0])) largest = std::max(largest, std::fabs(v));
  const double error = Mean((*integers)[0], (*real)[0], true);
  EXPECT_LT(error, 0.02 * largest);
  EXPECT_GT(error, 0);
}

TEST(QuantizeTest, AnOutputThatIsReadWithinTheGraphKeepsItsName) {
  const Graph quantized = Quantized(Parse(R"(graph g(x: f32[2,4]) -> (h, y) {
  w = const f32[4,4] seed(1)
  v = const f32[4,3] seed(2)
  h = MatMul(x, w)
  y = MatMul(h, v)
})"),
                                    Normal({2, 4}));
  const ValueId h = quantized.outputs()[0];
  EXPECT_EQ(quantized.value(h).name, "h");
  EXPECT_EQ(Producer(quantized, h).op->name, "DequantizeLinear");
}

TEST(QuantizeTest, WhatOnlyFloatsReadIsNotRounded) {
  const Graph quantized = Quantized(Parse(R"(graph g(x: f32[2,4]) -> (y) {
  w = const f32[4,4] seed(1)
  k = const f32[4] seed(2)
  v = const f32[4,3] seed(3)
  h = MatMul(x, w)
  s = Add(h, x)
  n = LayerNormalization(s, k)
  y = MatMul(n, v)
})"),
                                    Normal({2, 4}));
  EXPECT_EQ(Count(quantized, "QuantizeLinear"), 2);  // x and n
  EXPECT_EQ(NodeNamed(quantized, "s").inputs[0], quantized.FindValue("h"));
  EXPECT_EQ(NodeNamed(quantized, "s").inputs[1], quantized.FindValue("x"));
}

struct AxisCase {
  const char* name;
  const char* text;
  Shape input;
  std::int64_t axis, channels;
};

class AxisTest : public testing::TestWithParam<AxisCase> {};

TEST_P(AxisTest, WeightsHaveAScaleForEachOutputChannel) {
  QuantizeOptions options;
  const Graph graph = Parse(GetParam().text);
  if (std::string(GetParam().name) == "ConvTranspose") options.operators = {"ConvTranspose"};
  const Tensor x = Normal(GetParam().input);
  const Graph quantized = Quantized(graph, x, options);
  const Node& weight = Producer(quantized, NodeNamed(quantized, "y").inputs[1]);
  EXPECT_EQ(weight.attrs.Int("axis", -1), GetParam().axis);
  const Tensor& scales = quantized.value(weight.inputs[1]).constant;
  EXPECT_EQ(scales.num_elements(), GetParam().channels);
  // Each channel uses all of the integers, and the worst error is half a step.
  const Tensor& integers = quantized.value(weight.inputs[0]).constant;
  std::vector<Tensor> inputs = {integers, scales, quantized.value(weight.inputs[2]).constant};
  ReferenceContext context(weight, inputs);
  ASSERT_TRUE(weight.op->reference(context).ok());
  const std::vector<double> back = ToDoubles(context.outputs[0]);
  const std::vector<double> real = ToDoubles(graph.value(graph.FindValue("w")).constant);
  std::int64_t inner = 1;
  for (int k = static_cast<int>(GetParam().axis) + 1; k < integers.rank(); ++k) {
    inner *= integers.shape()[k];
  }
  std::vector<int> most(static_cast<std::size_t>(GetParam().channels));
  for (std::size_t i = 0; i < real.size(); ++i) {
    const std::size_t c = i / static_cast<std::size_t>(inner) % most.size();
    EXPECT_NEAR(back[i], real[i], 0.5001 * ToDoubles(scales)[c]);
    most[c] = std::max(most[c], std::abs(int{integers.data<std::int8_t>()[i]}));
  }
  EXPECT_THAT(most, testing::Each(127));

  options.per_channel = false;
  const Graph single = Quantized(graph, x, options);
  const Node& one = Producer(single, NodeNamed(single, "y").inputs[1]);
  EXPECT_EQ(single.value(one.inputs[1]).constant.rank(), 0);
  EXPECT_FALSE(one.attrs.Has("axis"));
}

INSTANTIATE_TEST_SUITE_P(Products, AxisTest,
                         testing::Values(AxisCase{"Conv",
                                                  R"(graph g(x: f32[1,3,5,5]) -> (y) {
  w = const f32[4,3,3,3] seed(1)
  y = Conv(x, w)
})",
                                                  {1, 3, 5, 5},
                                                  0,
                                                  4},
                                         AxisCase{"ConvTranspose",
                                                  R"(graph g(x: f32[1,4,5,5]) -> (y) {
  w = const f32[4,3,2,2] seed(1)
  b = const f32[6] seed(2)
  y = ConvTranspose(x, w, b) {group = 2, strides = [2, 2]}
})",
                                                  {1, 4, 5, 5},
                                                  1,
                                                  3},
                                         AxisCase{"Gemm",
                                                  R"(graph g(x: f32[2,6]) -> (y) {
  w = const f32[6,5] seed(1)
  b = const f32[5] seed(2)
  y = Gemm(x, w, b)
})",
                                                  {2, 6},
                                                  1,
                                                  5},
                                         AxisCase{"GemmTransposed",
                                                  R"(graph g(x: f32[2,6]) -> (y) {
  w = const f32[5,6] seed(1)
  b = const f32[1,5] seed(2)
  y = Gemm(x, w, b) {transB = 1}
})",
                                                  {2, 6},
                                                  0,
                                                  5},
                                         AxisCase{"MatMul",
                                                  R"(graph g(x: f32[3,2,6]) -> (y) {
  w = const f32[6,5] seed(1)
  y = MatMul(x, w)
})",
                                                  {3, 2, 6},
                                                  1,
                                                  5}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(QuantizeTest, BiasesAreInStepsOfBothScalesAndAlwaysFit) {
  const Graph graph = Parse(R"(graph g(x: f32[2,3]) -> (y) {
  w = const f32[3,2] {1e-12, 1, 0, 1, 0, 1}
  b = const f32[2] {1000, 0.5}
  y = Gemm(x, w, b)
})");
  const Tensor x = Normal({2, 3});
  const Graph quantized = Quantized(graph, x);
  const Node& node = NodeNamed(quantized, "y");
  const auto scale = [&](int i) {
    return ToDoubles(
        quantized.value(Producer(quantized, node.inputs[static_cast<std::size_t>(i)]).inputs[1])
            .constant);
  };
  for (std::size_t c = 0; c < 2; ++c) {
    EXPECT_NEAR(scale(2)[c] / (scale(0)[0] * scale(1)[c]), 1, 1e-6);
  }
  const auto result = ops::Interpret(quantized, {x});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_NEAR(ToDoubles((*result)[0])[0], 1000, 1);
}

TEST(QuantizeTest, ScalesCoverTheRange) {
  const ScaleAndZero u8 = ScaleOf({-1, 3}, DType::kUInt8, false);
  EXPECT_NEAR(static_cast<double>(u8.scale), 4.0 / 255, 1e-6);
  EXPECT_EQ(u8.zero, 64);
  EXPECT_EQ(ScaleOf({-1, 3}, DType::kInt8, false).zero, -64);
  EXPECT_EQ(ScaleOf({0, 3}, DType::kInt8, false).zero, -128);
  EXPECT_EQ(ScaleOf({-1, 3}, DType::kInt8, true).zero, 0);
  EXPECT_EQ(ScaleOf({-1, 3}, DType::kUInt8, true).zero, 128);
  EXPECT_NEAR(static_cast<double>(ScaleOf({-1, 3}, DType::kInt8, true).scale), 3.0 / 127, 1e-6);
  EXPECT_EQ(ScaleOf({0, 0}, DType::kUInt8, false).scale, 1);
}

TEST(QuantizeTest, WhatIsMovedWithQuantisedValuesIsQuantisedWithTheirScale) {
  const Graph quantized = Quantized(Parse(R"(graph g(x: f32[1,2,4,4]) -> (y) {
  k = const f32[1,1,4,4] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50}
  j = Concat(x, k) {axis = 1}
  w = const f32[2,3,1,1] seed(1)
  y = Conv(j, w)
})"),
                                    Normal({1, 2, 4, 4}));
  const Node& concat = NodeNamed(quantized, "j");
  const Node& a = Producer(quantized, concat.inputs[0]);
  const Node& b = Producer(quantized, concat.inputs[1]);
  EXPECT_EQ(a.inputs[1], b.inputs[1]);
  const double scale = ToDoubles(quantized.value(a.inputs[1]).constant)[0];
  EXPECT_GT(scale * 255, 50);  // the constant lies within the range
}

TEST(QuantizeTest, ExcludedNodesAndOtherOperatorsStayAsTheyAre) {
  const Graph graph = Parse(kResidual);
  const Tensor x = Normal({1, 4, 6, 6});
  QuantizeOptions options;
  options.exclude = {"d"};
  const Graph without = Quantized(graph, x, options);
  EXPECT_EQ(NodeNamed(without, "d").inputs[1], without.FindValue("v"));
  options = {};
  options.operators = {"MatMul"};
  const Graph only = Quantized(graph, x, options);
  EXPECT_EQ(Count(only, "QuantizeLinear"), 1);
  EXPECT_EQ(NodeNamed(only, "c").inputs[0], only.FindValue("x"));

  options.operators = {"Softmax"};
  EXPECT_EQ(PlanQuantization(graph, options).status().message(),
            "no operator 'Softmax' that can be quantised");
  options = {};
  options.exclude = {"nowhere"};
  EXPECT_EQ(PlanQuantization(graph, options).status().message(), "no node 'nowhere' to exclude");
}

TEST(QuantizeTest, QuantisedGraphsAreErrorsAndThoseWithoutProductsHaveNoPlan) {
  const Graph quantized = Quantized(Parse(kResidual), Normal({1, 4, 6, 6}));
  EXPECT_THAT(std::string(PlanQuantization(quantized, {}).status().message()),
              HasSubstr("quantised already"));
  const Graph none = Parse("graph g(x: f32[2]) -> (y) {\n  y = Relu(x)\n}");
  const auto plan = PlanQuantization(none, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->layers.empty() && plan->values.empty());
}

TEST(QuantizeTest, BatchNormalisationGoesIntoStandardConvolutions) {
  Graph graph = Parse(R"(graph g(x: f32[1,3,4,4]) -> (y) {
  w = const f32[2,3,1,1] seed(1)
  c = Conv(x, w)
  s = const f32[2] {2, -3}
  b = const f32[2] {1, 0.5}
  v = const f32[2] {0.5, 2}
  y = BatchNormalization(c, s, b, b, v)
})");
  const Tensor x = Normal({1, 3, 4, 4});
  const auto before = ops::Interpret(graph, {x});
  ASSERT_TRUE(PrepareToQuantize(graph, ops::AllOps()).ok());
  EXPECT_EQ(Count(graph, "Conv"), 1);
  EXPECT_EQ(Count(graph, "FusedConv") + Count(graph, "BatchNormalization"), 0);
  const auto after = ops::Interpret(graph, {x});
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_LT(Mean((*before)[0], (*after)[0], true), 1e-5);
}

TEST(QuantizeTest, BiasCorrectionTakesTheShiftOfTheMean) {
  // Of weights that round the same way, on inputs that are all positive.
  const Graph graph = Parse(R"(graph g(x: f32[64,8]) -> (y) {
  w = const f32[8,1] {1, 0.0035, 0.0035, 0.0035, 0.0035, 0.0035, 0.0035, 0.0035}
  b = const f32[1] {0}
  y = Gemm(x, w, b)
})");
  Tensor x = Normal({64, 8});
  for (float& v : x.mutable_data<float>()) v = std::fabs(v);
  const QuantizeOptions options;
  const auto plan = PlanQuantization(graph, options);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto probe = MakeBiasProbe(graph, ops::AllOps(), *plan, options, RangesOf(graph, *plan, x));
  ASSERT_TRUE(probe.ok()) << probe.status();
  ASSERT_EQ(probe->layers.size(), 1u);
  const auto means = ops::Interpret(probe->graph, {x});
  ASSERT_TRUE(means.ok()) << means.status();
  BiasCorrection correction(*probe);
  correction.Add(*means);
  const auto real = ops::Interpret(graph, {x});
  const auto plain = ops::Interpret(Quantized(graph, x), {x});
  const auto corrected = ops::Interpret(Quantized(graph, x, options, correction.biases()), {x});
  ASSERT_TRUE(real.ok() && plain.ok() && corrected.ok());
  const double shift = std::fabs(Mean((*plain)[0], (*real)[0], false));
  EXPECT_GT(shift, 0.01);
  EXPECT_LT(std::fabs(Mean((*corrected)[0], (*real)[0], false)), shift / 50);
}

}  // namespace
}  // namespace plumb::engine
