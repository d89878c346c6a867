// A file's casts to bf16 and back become products of bf16.
#include <gmock/gmock.h>

#include "engine/passes/pass_test.h"
#include "engine/session.h"

namespace plumb::engine {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(FuseRoundedTest, ProductsOfRoundedValuesMultiplyAndWriteBf16) {
  const std::string after = After("FuseRounded", R"(
graph g(x: f32[3,2]) -> (y) {
  w = const f32[2,2] {1, 0.5, -2, 0.25}
  v = const f32[2,2] {0.125, -3, 1, 2}
  n = Cast(x) {to = 16}
  r = Cast(n) {to = 1}
  a = MatMul(r, w)
  b = Cast(a) {to = 16}
  c = Cast(b) {to = 1}
  y = MatMul(c, v)
})",
                                  {3, 2}, DType::kUndefined, 1e-6);
  // The product rounds what the caller hands in itself.
  EXPECT_THAT(after, HasSubstr("a = plumb.FusedMatMul(x, w) {output_dtype = 16, precision"));
  EXPECT_THAT(after, HasSubstr("y = plumb.FusedMatMul(a, v) {output_dtype = 1, precision"));
  EXPECT_THAT(after, Not(HasSubstr("Cast")));
}

TEST(FuseRoundedTest, WeightsThatAreNoBf16NumbersKeepTheirProduct) {
  const std::string after = After("FuseRounded", R"(
graph g(x: f32[3,2]) -> (y) {
  w = const f32[2,2] {1, 0.5, -2, 0.1}
  n = Cast(x) {to = 16}
  r = Cast(n) {to = 1}
  y = MatMul(r, w)
})",
                                  {3, 2}, DType::kUndefined, 0);
  EXPECT_THAT(after, HasSubstr("y = MatMul(r, w)"));
}

TEST(FuseRoundedTest, MovedValuesStayNarrow) {
  const std::string after = After("FuseRounded", R"(
graph g(x: f32[1,2,4,4]) -> (y, z) {
  n = Cast(x) {to = 16}
  r = Cast(n) {to = 1}
  p = MaxPool(r) {kernel_shape = [2, 2]}
  t = Transpose(p) {perm = [0, 2, 3, 1]}
  m = Cast(t) {to = 16}
  y = Cast(m) {to = 1}
  z = Relu(t)
})",
                                  {1, 2, 4, 4}, DType::kUndefined, 0);
  EXPECT_THAT(after, HasSubstr("p = MaxPool(n)"));
  EXPECT_THAT(after, HasSubstr("t = Transpose(p)"));
  EXPECT_THAT(after, Not(HasSubstr("to = 16} \"m\"")));
}

TEST(FuseRoundedTest, AveragesAreRoundedOnlyWhereTheFileRoundsThem) {
  const char* const text = R"(
graph g(x: f32[1,2,4,4]) -> (y) {
  n = Cast(x) {to = 16}
  r = Cast(n) {to = 1}
  y = GlobalAveragePool(r)
})";
  EXPECT_THAT(After("FuseRounded", text, {1, 2, 4, 4}, DType::kUndefined, 0),
              HasSubstr("y = GlobalAveragePool(r)"));
}

TEST(FuseRoundedTest, NothingIsNarrowedWherefp32IsAskedFor) {
  const std::string after = After("FuseRounded", R"(
graph g(x: f32[3,2]) -> (y) {
  w = const f32[2,2] {1, 0.5, -2, 0.25}
  n = Cast(x) {to = 16}
  r = Cast(n) {to = 1}
  y = MatMul(r, w)
})",
                                  {3, 2}, DType::kFloat32, 0);
  EXPECT_THAT(after, HasSubstr("y = MatMul(r, w)"));
}

// A small network: residual, depthwise convolution, pooling, two readers of one value.
TEST(FuseRoundedTest, SessionsComputeWhatTheFileSays) {
  const char* const text = R"(
graph g(x: f32[2,16,9,9]) -> (y, e) {
  w0 = const bf16[16,16,3,3] seed(1)
  w1 = const bf16[16,1,3,3] seed(2)
  w2 = const bf16[16,16,1,1] seed(3)
  w3 = const bf16[16,8] seed(4)
  a0 = Cast(w0) {to = 1}
  a1 = Cast(w1) {to = 1}
  a2 = Cast(w2) {to = 1}
  a3 = Cast(w3) {to = 1}
  xn = Cast(x) {to = 16}
  xr = Cast(xn) {to = 1}
  c = Conv(xr, a0) {pads = [1, 1, 1, 1]}
  d = Relu(c)
  dn = Cast(d) {to = 16}
  dr = Cast(dn) {to = 1}
  e = Conv(dr, a1) {pads = [1, 1, 1, 1], group = 16}
  en = Cast(e) {to = 16}
  er = Cast(en) {to = 1}
  f = Conv(er, a2)
  g = Add(f, dr)
  h = Relu(g)
  hn = Cast(h) {to = 16}
  hr = Cast(hn) {to = 1}
  p = MaxPool(hr) {kernel_shape = [3, 3], strides = [3, 3]}
  q = GlobalAveragePool(p)
  qn = Cast(q) {to = 16}
  qr = Cast(qn) {to = 1}
  s = Flatten(qr)
  y = MatMul(s, a3)
})";
  auto graph = ParseGraph(text, ops::AllOps());
  ASSERT_TRUE(graph.ok()) << graph.status();
  Tensor x = Tensor::Zeros(DType::kFloat32, {2, 16, 9, 9});
  Random random(5);
  for (float& v : x.mutable_data<float>()) v = static_cast<float>(random.NextNormal());
  const auto expected = ops::Interpret(*graph, {x});
  ASSERT_TRUE(expected.ok()) << expected.status();
  CompileOptions options;
  options.target = *HostTarget();
  auto model = Model::Compile(std::move(*graph), options);
  ASSERT_TRUE(model.ok()) << model.status();
  int narrow = 0;
  for (const NodeId id : (*model)->order()) {
    narrow += (*model)->graph().node(id).attrs.Has("precision") ? 1 : 0;
  }
  EXPECT_EQ(narrow, 3);  // `e` leaves the graph unrounded: that convolution stays
  ThreadPool pool(2);
  Session session(*model, &pool);
  const auto got = session.Run({x});
  ASSERT_TRUE(got.ok()) << got.status();
  for (std::size_t o = 0; o < 2; ++o) {
    const std::vector<double> a = ToDoubles((*got)[o]), b = ToDoubles((*expected)[o]);
    double largest = 0;
    for (const double v : b) largest = std::max(largest, std::abs(v));
    // Sums in another order may round to the neighbour.
    for (std::size_t i = 0; i < b.size(); ++i) EXPECT_NEAR(a[i], b[i], 0.01 * largest) << o;
  }
}

}  // namespace
}  // namespace plumb::engine
