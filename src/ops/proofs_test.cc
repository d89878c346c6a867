// Proofs that the IR carries control flow, state, randomness and sizes known only after a step:
// each is a graph in text form that runs on the references.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "ops/interpreter.h"
#include "ops/ops.h"

namespace plumb::ops {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Eq;
using testing::HasSubstr;

Graph Parse(std::string_view text) {
  auto graph = ParseGraph(text, AllOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? *std::move(graph) : Graph();
}

std::vector<Tensor> RunGraph(const Graph& graph, const std::vector<Tensor>& inputs,
                             const InterpretOptions& options = {}) {
  auto outputs = Interpret(graph, inputs, options);
  EXPECT_TRUE(outputs.ok()) << outputs.status();
  return outputs.ok() ? *std::move(outputs) : std::vector<Tensor>(graph.outputs().size());
}

Tensor Floats(const std::vector<float>& values) {
  return Tensor::FromVector<float>(Shape{static_cast<std::int64_t>(values.size())}, values);
}

TEST(ProofTest, IfReadsCapturedValuesInBothBranches) {
  const Graph graph = Parse(R"(graph g(c: bool[], x: f32[N], y: f32[N]) -> (z) {
    s = Add(x, y)
    z = If(c) {
      then_branch = graph () captures (s, x) -> (t) { t = Mul(s, x) },
      else_branch = graph () captures (s) -> (e) { e = Neg(s) }
    }
  })");
  const Tensor x = Floats({1, 2}), y = Floats({10, 20});
  EXPECT_THAT(RunGraph(graph, {Tensor::Scalar(true), x, y})[0].data<float>(), ElementsAre(11, 44));
  EXPECT_THAT(RunGraph(graph, {Tensor::Scalar(false), x, y})[0].data<float>(),
              ElementsAre(-11, -22));
}

TEST(ProofTest, BranchesMayGiveDifferentShapes) {
  const Graph graph = Parse(R"(graph g(c: bool[], x: f32[N]) -> (z) {
    z = If(c) {
      then_branch = graph () captures (x) -> (t) { t = Concat(x, x) {axis = 0} },
      else_branch = graph () captures (x) -> (e) { e = Identity(x) }
    }
  })");
  EXPECT_EQ(RunGraph(graph, {Tensor::Scalar(true), Floats({1, 2})})[0].shape(), (Shape{4}));
  EXPECT_EQ(RunGraph(graph, {Tensor::Scalar(false), Floats({1, 2})})[0].shape(), (Shape{2}));
}

TEST(ProofTest, LoopCarriesVariablesAndReadsCapturedOnes) {
  // v(i+1) = v(i) * factor, stacked; the factor is captured from outside.
  const Graph graph = Parse(R"(graph g(trips: i64[], x: f32[2], factor: f32[]) -> (last, all) {
    last, all = Loop(trips, _, x) {
      body = graph (i: i64[], keep: bool[], v: f32[2]) captures (factor) -> (again, next, seen) {
        again = Identity(keep)
        next = Mul(v, factor)
        seen = Identity(next)
      }
    }
  })");
  const std::vector<Tensor> inputs = {Tensor::Scalar<std::int64_t>(3), Floats({1, 5}),
                                      Tensor::Scalar(2.0f)};
  const std::vector<Tensor> outputs = RunGraph(graph, inputs);
  EXPECT_THAT(outputs[0].data<float>(), ElementsAre(8, 40));
  EXPECT_EQ(outputs[1].shape(), (Shape{3, 2}));
  EXPECT_THAT(outputs[1].data<float>(), ElementsAre(2, 10, 4, 20, 8, 40));
  const std::vector<Tensor> none =
      RunGraph(graph, {Tensor::Scalar<std::int64_t>(0), inputs[1], inputs[2]});
  EXPECT_THAT(none[0].data<float>(), ElementsAre(1, 5));
  EXPECT_EQ(none[1].shape(), (Shape{0, 2}));
}

TEST(ProofTest, LoopEndsWhenItsConditionDoesAndVariablesMayGrow) {
  const Graph graph = Parse(R"(graph g(x: f32[N], most: i64[]) -> (grown) {
    start = const bool[] {true}
    grown = Loop(_, start, x) {
      body = graph (i: i64[], keep: bool[], v: f32[?]) captures (most) -> (again, next) {
        next = Concat(v, v) {axis = 0}
        size = Size(next)
        again = Less(size, most)
      }
    }
  })");
  EXPECT_EQ(RunGraph(graph, {Floats({1, 2, 3}), Tensor::Scalar<std::int64_t>(20)})[0].shape(),
            (Shape{24}));
}

TEST(ProofTest, LoopThatWouldNotEndIsAnError) {
  const Graph graph = Parse(R"(graph g(x: f32[]) -> (y) {
    y = Loop(_, _, x) {
      body = graph (i: i64[], keep: bool[], v: f32[]) -> (again, next) {
        again = const bool[] {true}
        next = Identity(v)
      }
    }
  })");
  InterpretOptions options;
  options.max_loop_trips = 100;
  const auto outputs = Interpret(graph, {Tensor::Scalar(1.0f)}, options);
  EXPECT_EQ(outputs.status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(outputs.status().message(),
            "node 'y' (Loop): 'body' ran 100 times, the limit of a run");
}

TEST(ProofTest, StateIsReadAtTheStartAndWrittenAtTheEndOfARun) {
  // A running sum: the state is updated in place, the output shows what it was.
  const Graph graph = Parse(R"(graph g(x: f32[2]) -> (before, after) {
    state sum: f32[2] = {0, 100}
    before = Identity(sum)
    after = Add(sum, x)
    update sum = after
  })");
  StateMap states;
  InterpretOptions options;
  options.states = &states;
  EXPECT_THAT(RunGraph(graph, {Floats({1, 1})}, options)[1].data<float>(), ElementsAre(1, 101));
  const std::vector<Tensor> second = RunGraph(graph, {Floats({2, 3})}, options);
  EXPECT_THAT(second[0].data<float>(), ElementsAre(1, 101));
  EXPECT_THAT(second[1].data<float>(), ElementsAre(3, 104));
  EXPECT_THAT(states.at("sum").data<float>(), ElementsAre(3, 104));
  // Without a state map every run starts from the initial value.
  EXPECT_THAT(RunGraph(graph, {Floats({2, 3})})[0].data<float>(), ElementsAre(0, 100));
}

TEST(ProofTest, RandomNumbersAreAFunctionOfSeedAndCounter) {
  const Graph graph = Parse(R"(graph g(seed: i64[], counter: i64[]) -> (u, n) {
    shape = const i64[2] {100, 50}
    u = plumb.RandomUniform(shape, seed, counter) {low = 2.0, high = 4.0}
    n = plumb.RandomNormal(shape, seed, counter)
  })");
  const auto draw = [&](std::int64_t seed, std::int64_t counter) {
    return RunGraph(graph, {Tensor::Scalar(seed), Tensor::Scalar(counter)});
  };
  const std::vector<Tensor> first = draw(7, 0);
  const auto uniform = first[0].data<float>(), normal = first[1].data<float>();
  EXPECT_THAT(uniform, Each(testing::AllOf(testing::Ge(2.0f), testing::Lt(4.0f))));
  double sum = 0, normal_sum = 0, squares = 0;
  for (float value : uniform) sum += static_cast<double>(value);
  for (float value : normal) {
    normal_sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  // Five standard errors of 5000 draws.
  EXPECT_NEAR(sum / 5000, 3, 0.041);
  EXPECT_NEAR(normal_sum / 5000, 0, 0.071);
  EXPECT_NEAR(squares / 5000, 1, 0.1);
  const auto equal = [](const Tensor& a, const Tensor& b) {
    return std::ranges::equal(a.data<float>(), b.data<float>());
  };
  EXPECT_TRUE(equal(first[0], draw(7, 0)[0]));
  EXPECT_FALSE(equal(first[0], draw(8, 0)[0]));
  EXPECT_FALSE(equal(first[0], draw(7, 1)[0]));
}

TEST(ProofTest, ACounterHeldAsStateGivesNewNumbersInEveryRun) {
  const Graph graph = Parse(R"(graph g() -> (r) {
    state counter: i64[] = {0}
    seed = const i64[] {5}
    one = const i64[] {1}
    shape = const i64[1] {4}
    r = plumb.RandomUniform(shape, seed, counter)
    next = Add(counter, one)
    update counter = next
  })");
  StateMap states;
  InterpretOptions options;
  options.states = &states;
  const Tensor first = RunGraph(graph, {}, options)[0], second = RunGraph(graph, {}, options)[0];
  EXPECT_FALSE(std::ranges::equal(first.data<float>(), second.data<float>()));
  EXPECT_THAT(states.at("counter").data<std::int64_t>(), ElementsAre(2));
  states.clear();
  EXPECT_TRUE(
      std::ranges::equal(first.data<float>(), RunGraph(graph, {}, options)[0].data<float>()));
}

TEST(ProofTest, NonZeroIntoGatherHasSizesKnownOnlyAfterItRan) {
  const Graph graph = Parse(R"(graph g(x: f32[N], flags: bool[N]) -> (kept) {
    where = NonZero(flags)
    axis = const i64[1] {0}
    rows = Squeeze(where, axis)
    kept = Gather(x, rows) {axis = 0}
  })");
  const ValueInfo& info = graph.value(graph.outputs()[0]).info;
  ASSERT_TRUE(info.dims.has_value());
  ASSERT_EQ(info.dims->size(), 1u);
  EXPECT_FALSE((*info.dims)[0].is_constant());
  const auto flags = [](const std::vector<bool>& values) {
    Tensor tensor = Tensor::Zeros(DType::kBool, {static_cast<std::int64_t>(values.size())});
    std::ranges::copy(values, tensor.mutable_data<bool>().begin());
    return tensor;
  };
  const Tensor x = Floats({10, 11, 12, 13});
  EXPECT_THAT(RunGraph(graph, {x, flags({true, false, false, true})})[0].data<float>(),
              ElementsAre(10, 13));
  EXPECT_EQ(RunGraph(graph, {x, flags({false, false, false, false})})[0].shape(), (Shape{0}));
}

TEST(ProofTest, ScanRunsAlongAnAxisInEitherDirection) {
  const Graph graph = Parse(R"(graph g(x: f32[3,2]) -> (total, sums) {
    zero = const f32[2] {0, 0}
    total, sums = Scan(zero, x) {
      num_scan_inputs = 1, scan_input_directions = [1], scan_output_directions = [1],
      body = graph (s: f32[2], row: f32[2]) -> (next, seen) {
        next = Add(s, row)
        seen = Identity(next)
      }
    }
  })");
  const Tensor x = Tensor::FromVector<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  const std::vector<Tensor> outputs = RunGraph(graph, {x});
  EXPECT_THAT(outputs[0].data<float>(), ElementsAre(9, 12));
  EXPECT_THAT(outputs[1].data<float>(), ElementsAre(9, 12, 8, 10, 5, 6));
}

TEST(ProofTest, ShapeArithmeticIsKnownBeforeAnythingRuns) {
  // What exporters write for flatten(x, 1) of a batch of any size.
  const Graph graph = Parse(R"(graph g(x: f32[N,8,4,4]) -> (y) {
    s = Shape(x)
    zero = const i64[] {0}
    axis = const i64[1] {0}
    n = Gather(s, zero) {axis = 0}
    n1 = Unsqueeze(n, axis)
    rest = const i64[1] {-1}
    target = Concat(n1, rest) {axis = 0}
    y = Reshape(x, target)
  })");
  const ValueInfo& info = graph.value(graph.outputs()[0]).info;
  ASSERT_TRUE(info.dims.has_value() && info.dims->size() == 2);
  EXPECT_EQ((*info.dims)[0].ToString(graph.symbols()), "N");
  EXPECT_EQ((*info.dims)[1].ToString(graph.symbols()), "128");
}

}  // namespace
}  // namespace plumb::ops
