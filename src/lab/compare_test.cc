#include "lab/compare.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/random.h"
#include "graph/text.h"
#include "ops/ops.h"

namespace plumb::lab {
namespace {

Graph Parse(std::string_view text) {
  StatusOr<Graph> graph = ParseGraph(text, ops::AllOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

Tensor Normal(const Shape& shape) {
  Tensor x = Tensor::Zeros(DType::kFloat32, shape);
  Random random(7);
  for (float& v : x.mutable_data<float>()) v = static_cast<float>(random.NextNormal());
  return x;
}

constexpr char kTwoLayers[] = R"(graph g(x: f32[4,32]) -> (y) {
  w = const f32[32,48] seed(1)
  v = const f32[48,8] seed(2)
  h = MatMul(x, w)
  r = Relu(h)
  y = MatMul(r, v)
})";

TEST(CompareTest, Bf16IsNearAndEveryLayerIsNamed) {
  ThreadPool pool(1);
  const auto result = ComparePrecisions(Parse(kTwoLayers), {Normal({4, 32})}, DType::kBFloat16,
                                        1e-3, *HostTarget(), &pool);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->outputs.size(), 1u);
  EXPECT_EQ(result->outputs[0].name, "y");
  EXPECT_GT(result->outputs[0].relative, 1e-4);
  EXPECT_LT(result->outputs[0].relative, 3e-2);
  ASSERT_EQ(result->layers.size(), 1u);  // y is an output already
  EXPECT_EQ(result->layers[0].name, "h");
  ASSERT_TRUE(result->parted);
  EXPECT_EQ(result->parted->name, "h");
}

TEST(CompareTest, Fp32DoesNotPartFromItself) {
  ThreadPool pool(1);
  const auto result = ComparePrecisions(Parse(kTwoLayers), {Normal({4, 32})}, DType::kUndefined, 0,
                                        *HostTarget(), &pool);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->outputs[0].relative, 0);
  EXPECT_FALSE(result->parted);
}

TEST(CompareTest, AQuantisedFileAgainstTheNumbersThatItStandsFor) {
  const Graph graph = Parse(R"(graph g(x: f32[4,32]) -> (y) {
  s = const f32[] {0.03}
  z = const u8[] {128}
  t = const f32[] {0.01}
  w = const i8[32,8] seed(1)
  q = QuantizeLinear(x, s, z)
  d = DequantizeLinear(q, s, z)
  e = DequantizeLinear(w, t)
  m = MatMul(d, e)
  u = const f32[] {0.2}
  n = QuantizeLinear(m, u, z)
  y = DequantizeLinear(n, u, z)
})");
  EXPECT_TRUE(IsQuantised(graph));
  EXPECT_FALSE(IsQuantised(Parse(kTwoLayers)));
  ThreadPool pool(1);
  const auto result =
      ComparePrecisions(graph, {Normal({4, 32})}, DType::kUndefined, 1e-2, *HostTarget(), &pool);
  ASSERT_TRUE(result.ok()) << result.status();
  // At most one step of the output.
  EXPECT_LT(result->outputs[0].relative, 0.21 / 5);
  ASSERT_EQ(result->layers.size(), 1u);
  EXPECT_LT(result->layers[0].relative, 1e-5);
}

TEST(CompareTest, IntegersAreNamedAndSizesThatPartAreInfinite) {
  const Graph graph = Parse(R"(graph g(x: f32[4,32]) -> (indices, large) {
  w = const f32[32,48] seed(1)
  h = MatMul(x, w)
  limit = const f32[] {0}
  above = Greater(h, limit)
  indices = NonZero(above)
  n = Cast(indices) {to = 1}
  large = Mul(n, n)
})");
  ThreadPool pool(1);
  const auto result =
      ComparePrecisions(graph, {Normal({4, 32})}, DType::kBFloat16, 1e-3, *HostTarget(), &pool);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->not_floating, std::vector<std::string>{"indices"});
  ASSERT_EQ(result->outputs.size(), 1u);
  EXPECT_EQ(result->outputs[0].name, "large");
  EXPECT_TRUE(std::isinf(RelativeError(Tensor::FromVector<float>({2}, {1, 2}),
                                       Tensor::FromVector<float>({3}, {1, 2, 3}))));
}

TEST(CompareTest, ErrorsOfWhatIsNoNumber) {
  const auto tensor = [](float a, float b) { return Tensor::FromVector<float>({2}, {a, b}); };
  EXPECT_EQ(RelativeError(tensor(1, NAN), tensor(1, NAN)), 0);
  EXPECT_EQ(RelativeError(tensor(1, 2), tensor(1, 4)), 0.5);
  EXPECT_TRUE(std::isinf(RelativeError(tensor(1, NAN), tensor(1, 4))));
  EXPECT_TRUE(std::isinf(RelativeError(tensor(1, 0), tensor(0, 0))));
}

}  // namespace
}  // namespace plumb::lab
