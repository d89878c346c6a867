#include "ops/interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "ops/ops.h"

namespace plumb::ops {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Graph Parse(std::string_view text) {
  auto graph = ParseGraph(text, AllOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? *std::move(graph) : Graph();
}

Tensor Floats(const Shape& shape, const std::vector<float>& values) {
  return Tensor::FromVector<float>(shape, values);
}

TEST(InterpreterTest, RunsNodesInOrderOfTheirUse) {
  const Graph graph = Parse(R"(graph g(x: f32[2,3]) -> (y) {
    t = Transpose(x) {perm = [1, 0]}
    y = Concat(t, t) {axis = 1}
  })");
  const auto outputs = Interpret(graph, {Floats({2, 3}, {1, 2, 3, 4, 5, 6})});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ((*outputs)[0].shape(), (Shape{3, 4}));
  EXPECT_THAT((*outputs)[0].data<float>(), ElementsAre(1, 4, 1, 4, 2, 5, 2, 5, 3, 6, 3, 6));
}

TEST(InterpreterTest, ShowsEveryNodeToTheObserver) {
  const Graph graph = Parse(R"(graph g(x: f32[2]) -> (y) {
    t = Identity(x)
    y = Identity(t)
  })");
  std::vector<std::string> seen;
  InterpretOptions options;
  options.observe = [&](const Graph& run, NodeId id, std::span<const Tensor> outputs) {
    seen.push_back(run.node(id).name + " " + outputs[0].shape().ToString());
  };
  ASSERT_TRUE(Interpret(graph, {Floats({2}, {1, 2})}, options).ok());
  EXPECT_THAT(seen, ElementsAre("t 2", "y 2"));
}

struct BadInputs {
  std::vector<Tensor> inputs;
  std::string message;
};

TEST(InterpreterTest, NamesTheInputThatDoesNotFit) {
  const Graph graph = Parse(R"(graph g(a: f32[N,2], b: f32[2*N,3]) -> (c, d) {
    c = Identity(a)
    d = Identity(b)
  })");
  const Tensor a = Tensor::Zeros(DType::kFloat32, {4, 2});
  const BadInputs cases[] = {
      {{a}, "graph 'g' takes 2 inputs, got 1"},
      {{a, Tensor()}, "input 'b' is missing"},
      {{a, Tensor::Zeros(DType::kInt64, {8, 3})}, "input 'b' has type i64, expected f32"},
      {{a, Tensor::Zeros(DType::kFloat32, {8, 3, 1})},
       "input 'b' has shape 8x3x1, expected 2*Nx3 (a symbol has one value in all inputs)"},
      {{a, Tensor::Zeros(DType::kFloat32, {6, 3})},
       "input 'b' has shape 6x3, expected 2*Nx3 (a symbol has one value in all inputs)"},
  };
  for (const BadInputs& bad : cases) {
    EXPECT_EQ(Interpret(graph, bad.inputs).status().message(), bad.message);
  }
  EXPECT_TRUE(Interpret(graph, {a, Tensor::Zeros(DType::kFloat32, {8, 3})}).ok());
}

TEST(InterpreterTest, NamesTheNodeThatFailed) {
  const Graph graph = Parse(R"(graph g(x: f32[N], shape: i64[2]) -> (y) {
    y = Reshape(x, shape) "folds"
  })");
  const auto outputs = Interpret(
      graph, {Tensor::Zeros(DType::kFloat32, {5}), Tensor::FromVector<std::int64_t>({2}, {2, 3})});
  EXPECT_EQ(outputs.status().message(),
            "node 'folds' (Reshape): cannot reshape 5 (5 elements) to [2, 3]");
}

TEST(InterpreterTest, AskingForTooMuchMemoryIsAnError) {
  const Graph graph = Parse(R"(graph g(shape: i64[3]) -> (y) {
    y = ConstantOfShape(shape)
  })");
  const auto outputs =
      Interpret(graph, {Tensor::FromVector<std::int64_t>({3}, {1 << 20, 1 << 20, 1 << 18})});
  EXPECT_FALSE(outputs.ok());
  EXPECT_THAT(std::string(outputs.status().message()), HasSubstr("ConstantOfShape"));
}

}  // namespace
}  // namespace plumb::ops
