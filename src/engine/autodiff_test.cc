#include "engine/autodiff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/random.h"
#include "engine/session.h"
#include "graph/builder.h"
#include "graph/text.h"
#include "ops/interpreter.h"
#include "ops/ops.h"

namespace plumb::engine {
namespace {

Graph Parse(std::string_view text) {
  auto graph = ParseGraph(text, ops::AllOps());
  if (!graph.ok()) ADD_FAILURE() << graph.status();
  return graph.ok() ? *std::move(graph) : Graph();
}

// A two-layer perceptron in float64 whose weights are state: the loss is the cross entropy.
constexpr std::string_view kPerceptron = R"(
graph mlp(x: f64[6,4], t: f64[6,3]) -> (loss) {
  state w1: f64[4,5] = seed(1)
  state b1: f64[5] = seed(2)
  state w2: f64[5,3] = seed(3)
  axes = const i64[2] {0, 1}
  h = MatMul(x, w1)
  a = Add(h, b1)
  r = Tanh(a)
  z = MatMul(r, w2)
  p = LogSoftmax(z) {axis = -1}
  q = Mul(p, t)
  s = ReduceSum(q, axes) {keepdims = 0}
  loss = Neg(s)
  update w1 = w1
  update b1 = b1
  update w2 = w2
})";

Tensor Inputs(const Shape& shape, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> values(static_cast<std::size_t>(NumElements(shape)));
  for (double& v : values) v = random.NextNormal();
  return FromDoubles(DType::kFloat64, shape, values);
}

Tensor OneHot() {
  std::vector<double> values(18, 0);
  for (std::size_t i = 0; i < 6; ++i) values[i * 3 + i % 3] = 1;
  return FromDoubles(DType::kFloat64, {6, 3}, values);
}

std::vector<ValueId> StateReads(const Graph& graph) {
  std::vector<ValueId> reads;
  for (const State& state : graph.states()) reads.push_back(state.read);
  return reads;
}

TEST(AutodiffTest, GradientsOfAPerceptronEqualFiniteDifferences) {
  Graph graph = Parse(kPerceptron);
  const Graph forward = graph.Clone();
  const auto gradients = AddGradients(graph, ops::AllOps(), graph.outputs()[0], StateReads(graph));
  ASSERT_TRUE(gradients.ok()) << gradients.status();
  for (ValueId g : *gradients) graph.AddOutput(g);
  ASSERT_EQ(graph.states().size(), 3u);
  const std::vector<Tensor> inputs = {Inputs({6, 4}, 4), OneHot()};
  const auto results = ops::Interpret(graph, inputs);
  ASSERT_TRUE(results.ok()) << results.status();

  constexpr double kStep = 1e-6;
  for (std::size_t s = 0; s < 3; ++s) {
    const State& state = forward.states()[s];
    const std::vector<double> analytic = ToDoubles((*results)[1 + s]);
    const std::vector<double> at = ToDoubles(state.initial);
    for (std::size_t i = 0; i < at.size(); ++i) {
      double losses[2];
      for (int side : {0, 1}) {
        std::vector<double> moved = at;
        moved[i] += side == 0 ? -kStep : kStep;
        ops::StateMap states;
        states[state.name] = FromDoubles(DType::kFloat64, state.initial.shape(), moved);
        for (const State& other : forward.states()) {
          if (other.name != state.name) states[other.name] = other.initial;
        }
        ops::InterpretOptions options;
        options.states = &states;
        const auto loss = ops::Interpret(forward, inputs, options);
        ASSERT_TRUE(loss.ok()) << loss.status();
        losses[side] = ToDoubles((*loss)[0])[0];
      }
      EXPECT_NEAR(analytic[i], (losses[1] - losses[0]) / (2 * kStep), 1e-5)
          << state.name << "[" << i << "]";
    }
  }
}

// The training step itself is a graph: weights are state, read at the start and written at the end.
TEST(AutodiffTest, TrainingStepAsAGraphLowersTheLoss) {
  Graph graph = Parse(kPerceptron);
  const std::vector<ValueId> weights = StateReads(graph);
  const auto gradients = AddGradients(graph, ops::AllOps(), graph.outputs()[0], weights);
  ASSERT_TRUE(gradients.ok()) << gradients.status();
  const OpTable& ops = ops::AllOps();
  GraphBuilder builder(&graph, &ops);
  const ValueId rate = builder.Scalar(DType::kFloat64, 0.1);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const ValueId step = builder.Call("Mul", {(*gradients)[i], rate});
    graph.SetStateWritten(static_cast<int>(i), builder.Call("Sub", {weights[i], step}));
  }
  ASSERT_TRUE(builder.status().ok()) << builder.status();
  const std::vector<Tensor> inputs = {Inputs({6, 4}, 4), OneHot()};

  ops::StateMap states;
  ops::InterpretOptions options;
  options.states = &states;
  CompileOptions compile;
  compile.target = *HostTarget();
  const auto model = Model::Compile(graph.Clone(), compile);
  ASSERT_TRUE(model.ok()) << model.status();
  ThreadPool pool(1);
  Session session(*model, &pool);
  double first = 0, last = 0;
  for (int step = 0; step < 20; ++step) {
    const auto reference = ops::Interpret(graph, inputs, options);
    ASSERT_TRUE(reference.ok()) << reference.status();
    const auto engine = session.Run(inputs);
    ASSERT_TRUE(engine.ok()) << engine.status();
    last = ToDoubles((*reference)[0])[0];
    if (step == 0) first = last;
    EXPECT_NEAR(ToDoubles((*engine)[0])[0], last, 1e-6 * std::abs(last));
  }
  EXPECT_LT(last, 0.5 * first);
}

TEST(AutodiffTest, WhatHasNoGradientIsNamed) {
  Graph graph = Parse(R"(
graph g(x: f32[4]) -> (y) {
  i = NonZero(x) "where_is_it"
  f = Cast(i) {to = 1}
  m = Mul(x, x)
  y = Unique(m) "the_unique"
})");
  const auto gradients = AddGradients(graph, ops::AllOps(), graph.outputs()[0], graph.inputs());
  EXPECT_THAT(gradients.status().message(), testing::HasSubstr("the_unique"));
}

}  // namespace
}  // namespace plumb::engine
