// Quantised graphs in text: with real numbers between integers before, in integers after.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/passes/pass_test.h"

namespace plumb::engine {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(FuseQuantizedTest, AQuantisedBlockRunsInIntegers) {
  const std::string after = After("FuseQuantized", R"(
graph g(x: f32[1,4,6,6]) -> (y) {
  sx = const f32[] {0.03}
  zx = const u8[] {120}
  sw = const f32[4] {0.01, 0.02, 0.015, 0.01}
  w = const i8[4,4,3,3] seed(1)
  sv = const f32[] {0.012}
  v = const i8[4,4,1,1] seed(2)
  sb = const f32[4] {0.0003, 0.0006, 0.00045, 0.0003}
  b = const i32[4] {100, -200, 30, 7}
  sa = const f32[] {0.5}
  za = const u8[] {0}
  sc = const f32[] {0.25}
  zc = const u8[] {128}
  sd = const f32[] {0.3}
  xq = QuantizeLinear(x, sx, zx)
  xd = DequantizeLinear(xq, sx, zx)
  wd = DequantizeLinear(w, sw) {axis = 0}
  bd = DequantizeLinear(b, sb) {axis = 0}
  c = Conv(xd, wd, bd) {pads = [1, 1, 1, 1]}
  r = Relu(c)
  rq = QuantizeLinear(r, sa, za)
  rd = DequantizeLinear(rq, sa, za)
  vd = DequantizeLinear(v, sv)
  d = Conv(rd, vd)
  dq = QuantizeLinear(d, sc, zc)
  dd = DequantizeLinear(dq, sc, zc)
  s = Add(dd, rd)
  t = Relu(s)
  tq = QuantizeLinear(t, sd, za)
  y = DequantizeLinear(tq, sd, za)
})",
                                  {1, 4, 6, 6}, DType::kUndefined, 0.3001);  // one step
  EXPECT_THAT(after, HasSubstr("plumb.QuantizedConv(xq, sx, zx, w, sw, _, sa, za, "));
  EXPECT_THAT(after, HasSubstr("activation = \"relu\""));
  EXPECT_THAT(after, HasSubstr(", sc, zc)"));  // the residual's inner scale
  EXPECT_THAT(after, Not(HasSubstr("= Conv(")));
  EXPECT_THAT(after, Not(HasSubstr("Add(")));
  // Quantised once at the start, dequantised once at the end.
  const auto count = [&](std::string_view word) {
    int n = 0;
    for (std::size_t at = after.find(word); at != std::string::npos;
         at = after.find(word, at + 1)) {
      ++n;
    }
    return n;
  };
  EXPECT_EQ(count("= QuantizeLinear("), 1) << after;
  EXPECT_EQ(count("= DequantizeLinear("), 1) << after;
}

TEST(FuseQuantizedTest, AQuantisedLinearLayerEndsInRealNumbers) {
  const std::string after = After("FuseQuantized", R"(
graph g(x: f32[3,8]) -> (y) {
  sx = const f32[] {0.02}
  zx = const i8[] {-3}
  sw = const f32[5] {0.01, 0.02, 0.015, 0.01, 0.02}
  w = const i8[8,5] seed(1)
  b = const f32[5] {1, -1, 0.5, 0, 2}
  xq = QuantizeLinear(x, sx, zx)
  xd = DequantizeLinear(xq, sx, zx)
  wd = DequantizeLinear(w, sw) {axis = 1}
  y = Gemm(xd, wd, b)
})",
                                  {3, 8}, DType::kUndefined, 1e-3);
  EXPECT_THAT(after, HasSubstr("y = plumb.QuantizedMatMul(xq, sx, zx, w, sw, _, _, _, "));
}

TEST(FuseQuantizedTest, RealNumbersAreNotAddedWithinIntegerProducts) {
  constexpr char kText[] = R"(
graph g(x: f32[3,8]) -> (y, z) {
  sx = const f32[] {0.02}
  zx = const i8[] {-3}
  sw = const f32[] {0.01}
  w = const i8[8,8] seed(1)
  row = const f32[8] seed(2)
  xq = QuantizeLinear(x, sx, zx)
  xd = DequantizeLinear(xq, sx, zx)
  wd = DequantizeLinear(w, sw)
  a = MatMul(xd, wd)
  y = Add(a, x)
  b = MatMul(xd, wd)
  z = Add(b, row)
})";
  auto graph = ParseGraph(kText, ops::AllOps());
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Status optimized = Optimize(*graph, {ops::AllOps(), DType::kUndefined});
  ASSERT_TRUE(optimized.ok()) << optimized;
  const Status verified = Verify(*graph);
  EXPECT_TRUE(verified.ok()) << verified;
  TextOptions options;
  options.types = false;
  EXPECT_THAT(ToText(*graph, options), HasSubstr("plumb.QuantizedMatMul(xq, sx, zx, w, sw)"));
}

TEST(FuseQuantizedTest, MeansOfImagesStayIntegers) {
  const std::string after = After("FuseQuantized", R"(
graph g(x: f32[2,3,5,7]) -> (y) {
  s = const f32[] {0.02}
  z = const u8[] {90}
  t = const f32[] {0.004}
  u = const i8[] {-7}
  xq = QuantizeLinear(x, s, z)
  xd = DequantizeLinear(xq, s, z)
  m = GlobalAveragePool(xd) "mean"
  mq = QuantizeLinear(m, t, u)
  y = DequantizeLinear(mq, t, u)
})",
                                  {2, 3, 5, 7}, DType::kUndefined, 0.00401);  // one step
  EXPECT_THAT(after, HasSubstr("= plumb.QuantizedGlobalAveragePool(xq, s, z, t, u) \"mean\""));
  EXPECT_THAT(after, Not(HasSubstr("= GlobalAveragePool(")));
}

TEST(FuseQuantizedTest, AResultWithoutZeroPointKeepsItsType) {
  const std::string after = After("FuseQuantized", R"(
graph g(x: f32[3,8]) -> (y) {
  s = const f32[] {0.02}
  w = const i8[8,5] seed(1)
  t = const f32[] {0.01}
  u = const f32[] {0.1}
  xq = QuantizeLinear(x, s)
  xd = DequantizeLinear(xq, s)
  wd = DequantizeLinear(w, t)
  m = MatMul(xd, wd)
  r = Relu(m)
  q = QuantizeLinear(r, u) {output_dtype = 3}
  y = DequantizeLinear(q, u)
})",
                                  {3, 8}, DType::kUndefined, 0.1001);
  EXPECT_THAT(after, HasSubstr("= const i8[] {0}"));
  EXPECT_THAT(after, HasSubstr("plumb.QuantizedMatMul("));
}

// What has no form in integers stays as it is.
TEST(FuseQuantizedTest, ProductsWithoutAnIntegerFormStayReal) {
  const struct {
    const char* why;
    Shape x;
    const char* weight;
    const char* product;
  } cases[] = {
      {"weights of a batch", {2, 3, 8}, "w = const i8[2,8,5] seed(1)", "MatMul(xd, wd)"},
      {"a vector of weights", {3, 8}, "w = const i8[8] seed(1)", "MatMul(xd, wd)"},
      {"a bias for each row",
       {5, 8},
       "w = const i8[8,5] seed(1)\n  b = const f32[5,1] {1, 2, 3, 4, 5}",
       "Gemm(xd, wd, b)"},
      {"one bias for all columns",
       {3, 8},
       "w = const i8[8,5] seed(1)\n  b = const f32[1] {2}",
       "Gemm(xd, wd, b)"},
      {"a sum that could leave int32",
       {1, 70000},
       "w = const i8[70000,1] seed(1)",
       "MatMul(xd, wd)"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.why);
    const std::string sizes = absl::StrJoin(c.x.begin(), c.x.end(), ",");
    const std::string after = After("FuseQuantized",
                                    absl::StrCat("graph g(x: f32[", sizes, R"(]) -> (y) {
  s = const f32[] {0.02}
  t = const f32[] {0.01}
  )",
                                                 c.weight, R"(
  xq = QuantizeLinear(x, s)
  xd = DequantizeLinear(xq, s)
  wd = DequantizeLinear(w, t)
  y = )",
                                                 c.product, "\n}"),
                                    c.x, DType::kUndefined, 1e-3);
    EXPECT_THAT(after, Not(HasSubstr("plumb.Quantized")));
  }
}

TEST(FuseQuantizedTest, WeightsOfOtherScalesThanTheKernelsKnowStayReal) {
  const std::string after = After("FuseQuantized", R"(
graph g(x: f32[3,8]) -> (y) {
  sx = const f32[] {0.02}
  sw = const f32[8] {0.01, 0.02, 0.015, 0.01, 0.02, 0.01, 0.01, 0.03}
  w = const i8[8,5] seed(1)
  xq = QuantizeLinear(x, sx)
  xd = DequantizeLinear(xq, sx)
  wd = DequantizeLinear(w, sw) {axis = 0}
  y = MatMul(xd, wd)
})",
                                  {3, 8});
  EXPECT_THAT(after, HasSubstr("y = MatMul(xd, wd)"));
}

TEST(FuseQuantizedTest, ScalesThatAreNoneStayAsTheyAre) {
  const std::string after = After("FuseQuantized", R"(
graph g(x: f32[3,8]) -> (y) {
  sx = const f32[] {0.02}
  sw = const f32[] {0}
  w = const i8[8,5] seed(1)
  xq = QuantizeLinear(x, sx)
  xd = DequantizeLinear(xq, sx)
  wd = DequantizeLinear(w, sw)
  y = MatMul(xd, wd)
})",
                                  {3, 8});
  EXPECT_THAT(after, HasSubstr("y = MatMul(xd, wd)"));
}

}  // namespace
}  // namespace plumb::engine
