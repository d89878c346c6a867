// FusedElementwise: the body on the reference and as one kernel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/thread_pool.h"
#include "graph/text.h"
#include "ops/interpreter.h"
#include "ops/lower.h"
#include "ops/ops.h"

namespace plumb::ops {
namespace {

using testing::FloatNear;
using testing::Pointwise;

constexpr const char* kScaledHardSwish = R"(graph g(x: f32[2,3,5], scale: f32[3,1]) -> (y) {
  y = plumb.FusedElementwise(x, scale) {
    body = graph (a: f32[2,3,5], s: f32[3,1]) -> (r) {
      low = const f32[] {0}
      high = const f32[] {6}
      three = const f32[] {3}
      t = Mul(a, s)
      u = Add(t, three)
      v = Clip(u, low, high)
      r = Mul(t, v)
    }
  }
})";

Graph Parse(std::string_view text) {
  auto graph = ParseGraph(text, AllOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? *std::move(graph) : Graph();
}

Tensor Ramp(const Shape& shape) {
  Tensor tensor = Tensor::Zeros(DType::kFloat32, shape);
  float next = -4;
  for (float& value : tensor.mutable_data<float>()) value = next += 0.3f;
  return tensor;
}

// The choices for packed operands of these shapes.
std::vector<KernelChoice> Lower(const Graph& graph, const std::vector<Tensor>& inputs,
                                const std::vector<Tensor>& outputs) {
  const Node& node = graph.node(graph.value(graph.outputs()[0]).producer);
  std::vector<Operand> in, out;
  for (const Tensor& t : inputs) {
    in.push_back({true, t.dtype(), t.shape(), RowMajorStrides(t.shape()), nullptr});
  }
  for (const Tensor& t : outputs) {
    out.push_back({true, t.dtype(), t.shape(), RowMajorStrides(t.shape()), nullptr});
  }
  const std::vector<std::optional<DimVector>> contents(inputs.size());
  const StatusOr<Target> target = HostTarget();
  EXPECT_TRUE(target.ok());
  LowerContext context(node, in, out, contents, *target, nullptr);
  EXPECT_TRUE(node.op->lower(context).ok());
  return std::move(context.choices);
}

TEST(FusedElementwiseTest, OneKernelGivesWhatTheBodyGives) {
  const Graph graph = Parse(kScaledHardSwish);
  const std::vector<Tensor> inputs = {Ramp({2, 3, 5}),
                                      Tensor::FromVector<float>({3, 1}, {1, -2, 0.5f})};
  const auto expected = Interpret(graph, inputs);
  ASSERT_TRUE(expected.ok()) << expected.status();
  const std::vector<KernelChoice> choices = Lower(graph, inputs, *expected);
  ASSERT_EQ(choices.size(), 1u);
  Tensor x = inputs[0].Clone(), scale = inputs[1].Clone();
  Tensor y = Tensor::Zeros(DType::kFloat32, {2, 3, 5});
  void* operands[] = {x.mutable_raw(), scale.mutable_raw(), y.mutable_raw()};
  ThreadPool pool(1);
  choices[0].kernel.run(choices[0].kernel.params.data(),
                        {.operands = operands, .workspace = nullptr, .pool = &pool});
  EXPECT_THAT(y.data<float>(), Pointwise(FloatNear(1e-5f), (*expected)[0].data<float>()));
}

TEST(FusedElementwiseTest, ABodyWithATensorInsideRunsOnTheReference) {
  const Graph graph = Parse(R"(graph g(x: f32[3]) -> (y) {
    y = plumb.FusedElementwise(x) {
      body = graph (a: f32[3]) -> (r) {
        c = const f32[3] {1, 2, 3}
        r = Add(a, c)
      }
    }
  })");
  const std::vector<Tensor> inputs = {Tensor::FromVector<float>({3}, {10, 20, 30})};
  const auto expected = Interpret(graph, inputs);
  ASSERT_TRUE(expected.ok()) << expected.status();
  EXPECT_THAT((*expected)[0].data<float>(), testing::ElementsAre(11, 22, 33));
  EXPECT_TRUE(Lower(graph, inputs, *expected).empty());
}

TEST(FusedElementwiseTest, SeveralOutputs) {
  const Graph graph = Parse(R"(graph g(x: f32[4]) -> (y, m) {
    y, m = plumb.FusedElementwise(x) {
      body = graph (a: f32[4]) -> (r, positive) {
        zero = const f32[] {0}
        r = Relu(a)
        positive = Greater(a, zero)
      }
    }
  })");
  const std::vector<Tensor> inputs = {Tensor::FromVector<float>({4}, {-1, 2, -3, 4})};
  const auto outputs = Interpret(graph, inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_THAT((*outputs)[1].data<bool>(), testing::ElementsAre(false, true, false, true));
  EXPECT_EQ(Lower(graph, inputs, *outputs).size(), 1u);
}

}  // namespace
}  // namespace plumb::ops
