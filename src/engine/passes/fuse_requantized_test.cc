// Movement between quantisations in text: of real numbers before, of integers after, with the same
// bits.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/passes/pass_test.h"
#include "ops/quantized_output.h"

namespace plumb::engine {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Exactly(std::string_view text, const Shape& input) {
  return After("FuseRequantized", text, input, DType::kUndefined, /*tolerance=*/0);
}

// Two quantised halves a and b of x, whose scales and types differ.
std::string Halves(std::string_view rest, std::string_view outputs = "y") {
  return absl::StrCat("graph g(x: f32[1,6,5,4]) -> (", Str(outputs), R"() {
  s = const f32[] {0.03}
  z = const u8[] {120}
  t = const f32[] {0.011}
  u = const i8[] {-9}
  xq = QuantizeLinear(x, s, z)
  a = DequantizeLinear(xq, s, z)
  wq = QuantizeLinear(x, t, u)
  b = DequantizeLinear(wq, t, u)
)",
                      Str(rest), "}");
}

TEST(FuseRequantizedTest, AConcatenationIsOfIntegers) {
  const std::string after = Exactly(Halves(R"(
  c = Concat(a, b, a) {axis = 1}
  cq = QuantizeLinear(c, s, z)
  y = DequantizeLinear(cq, s, z)
)"),
                                    {1, 6, 5, 4});
  EXPECT_THAT(after, HasSubstr(" = plumb.Requantize(wq, t, u, s, z)"));
  EXPECT_THAT(after, HasSubstr(" = Concat(xq, wq_requantized, xq)"));
}

TEST(FuseRequantizedTest, OnlyWhatDiffersIsLookedUp) {
  const std::string after = Exactly(Halves(R"(
  shape = const i64[2] {6, 20}
  v = const f32[] {0.07}
  ar = Reshape(a, shape)
  br = Reshape(b, shape)
  bt = Transpose(br) {perm = [0, 1]}
  c = Concat(bt, ar) {axis = -1}
  cq = QuantizeLinear(c, v) {output_dtype = 3}
  y = DequantizeLinear(cq, v)
)"),
                                    {1, 6, 5, 4});
  EXPECT_THAT(after, HasSubstr("plumb.Requantize(wq, t, u, v, zero_point)"));
  EXPECT_THAT(after, HasSubstr("plumb.Requantize(xq, s, z, v, zero_point)"));
  EXPECT_THAT(after, Not(HasSubstr("= QuantizeLinear(c")));
}

TEST(FuseRequantizedTest, RealNumbersAmongThemAreQuantisedAlone) {
  const std::string after = Exactly(Halves(R"(
  per = const f32[6] {0.01, 0.02, 0.03, 0.04, 0.05, 0.06}
  pq = QuantizeLinear(x, per) {axis = 1}
  p = DequantizeLinear(pq, per) {axis = 1}
  c = Concat(x, b, p) {axis = 2}
  cq = QuantizeLinear(c, s, z)
  y = DequantizeLinear(cq, s, z)
)"),
                                    {1, 6, 5, 4});
  EXPECT_THAT(after, HasSubstr("= QuantizeLinear(p, s, z)"));
  EXPECT_THAT(after, HasSubstr("= plumb.Requantize(wq, t, u, s, z)"));
}

// The concatenation stays one of real numbers.
TEST(FuseRequantizedTest, WhatIsWantedAsRealNumbersStaysReal) {
  const struct {
    const char* why;
    const char* rest;
    const char* outputs;
  } cases[] = {
      {"others read it",
       "c = Concat(a, b) {axis = 1}\n  cq = QuantizeLinear(c, s, z)\n  y = Exp(c)", "cq, y"},
      {"callers read it", "c = Concat(a, b) {axis = 1}\n  cq = QuantizeLinear(c, s, z)", "cq, c"},
      {"several scales",
       "per = const f32[12] {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}\n  c = Concat(a, b) {axis = 1}\n"
       "  cq = QuantizeLinear(c, per)",
       "cq"},
      {"no integers", "e = Exp(a)\n  c = Concat(e, x) {axis = 1}\n  cq = QuantizeLinear(c, s, z)",
       "cq"},
      {"more than 8 bits",
       "w = const i16[] {0}\n  c = Concat(a, b) {axis = 1}\n  cq = QuantizeLinear(c, s, w)", "cq"},
      {"a scale that is known later",
       "k = ReduceMax(x) {keepdims = 0}\n  c = Concat(a, b) {axis = 1}\n"
       "  cq = QuantizeLinear(c, k, z)",
       "cq"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.why);
    const std::string after = Exactly(Halves(c.rest, c.outputs), {1, 6, 5, 4});
    EXPECT_THAT(after, HasSubstr("c = Concat("));
    EXPECT_THAT(after, Not(HasSubstr("plumb.Requantize")));
  }
}

TEST(FuseRequantizedTest, PartsAreQuantisedEachToItsOwnScale) {
  const std::string after = Exactly(Halves(R"(
  sizes = const i64[2] {2, 4}
  c, d = Split(b, sizes) {axis = 1}
  y = QuantizeLinear(c, t, u)
  v = QuantizeLinear(c, t, u)
  w = QuantizeLinear(d, s, z)
)",
                                           "y, v, w"),
                                    {1, 6, 5, 4});
  EXPECT_THAT(after, HasSubstr(" = Split(wq, sizes)"));
  EXPECT_THAT(after, HasSubstr("w = plumb.Requantize("));
  EXPECT_THAT(after, HasSubstr("v = Identity(y)"));
}

TEST(FuseRequantizedTest, CallersKeepTheirNames) {
  const std::string after = After("FuseRequantized", R"(
graph g(x: f32[3]) -> (q, same, other) {
  s = const f32[] {0.03}
  t = const f32[] {0.05}
  q = QuantizeLinear(x, s)
  d = DequantizeLinear(q, s)
  same = QuantizeLinear(d, s)
  other = QuantizeLinear(d, t)
})",
                                  {3}, DType::kUndefined, 0);
  EXPECT_THAT(after, HasSubstr("-> (q, same, other)"));
  EXPECT_THAT(after, HasSubstr("same = Identity(q)"));
  EXPECT_THAT(after, HasSubstr("other = plumb.Requantize(q, s, _, t, zero_point_1)"));
}

TEST(FuseRequantizedTest, ReluIsAPartOfTheQuantisation) {
  const std::string after = Exactly(Halves(R"(
  c = Concat(b, a, x) {axis = 1}
  r = Relu(c)
  y = QuantizeLinear(r, t, u)
)"),
                                    {1, 6, 5, 4});
  EXPECT_THAT(after, HasSubstr("plumb.Requantize(xq, s, z, t, u) {activation = \"relu\""));
  EXPECT_THAT(after, HasSubstr("plumb.Requantize(wq, t, u, t, u) {activation = \"relu\""));
  EXPECT_THAT(after, HasSubstr("relu = Relu(x)"));
  // Nothing is below zero.
  const std::string nothing = Exactly(R"(
graph g(x: f32[7]) -> (y) {
  s = const f32[] {0.02}
  q = QuantizeLinear(x, s)
  d = DequantizeLinear(q, s)
  r = Relu(d)
  rq = QuantizeLinear(r, s)
  y = DequantizeLinear(rq, s)
})",
                                      {7});
  EXPECT_THAT(nothing, HasSubstr("y = DequantizeLinear(q, s)"));
}

TEST(FuseRequantizedTest, PoolsPickIntegers) {
  const std::string after = Exactly(Halves(R"(
  p = MaxPool(b) {kernel_shape = [3, 3], pads = [1, 1, 1, 1]}
  y = QuantizeLinear(p, t, u)
)"),
                                    {1, 6, 5, 4});
  EXPECT_THAT(after, HasSubstr("= MaxPool(wq)"));
}

TEST(FuseRequantizedTest, OperandsOfProductsAreMovedAsIntegers) {
  const std::string after = Exactly(Halves(R"(
  axes = const i64[1] {0}
  v = const f32[4,7] seed(3)
  e = Squeeze(b, axes)
  r = Transpose(e) {perm = [1, 0, 2]}
  f = Flatten(r) {axis = 2}
  g = Transpose(f) {perm = [0, 1]}
  y = MatMul(g, v)
)"),
                                    {1, 6, 5, 4});
  EXPECT_THAT(after, HasSubstr("= Squeeze(wq, axes)"));
  EXPECT_THAT(after, HasSubstr("= MatMul("));
  EXPECT_THAT(after, Not(HasSubstr("Transpose(e)")));
}

TEST(FuseRequantizedTest, WhatNoProductReadsIsMovedAsItIs) {
  const std::string after = Exactly(Halves(R"(
  axes = const i64[1] {0}
  e = Squeeze(b, axes)
  y = Exp(e)
)"),
                                    {1, 6, 5, 4});
  EXPECT_THAT(after, HasSubstr("= Squeeze(b, axes)"));
}

// A window of padding alone is the least number, which relu makes zero and no integer is.
TEST(FuseRequantizedTest, ReluStaysBehindAPool) {
  const std::string after = Exactly(Halves(R"(
  p = MaxPool(a) {kernel_shape = [2, 2], dilations = [9, 9], pads = [4, 4, 9, 9]}
  r = Relu(p)
  y = QuantizeLinear(r, s, z)
)"),
                                    {1, 6, 5, 4});
  EXPECT_THAT(after, HasSubstr("= Relu(p)"));
}

TEST(FuseRequantizedTest, PadsOfIntegersHoldTheZeroPoint) {
  const std::string after = After("FuseRequantized", R"(
graph g(x: f32[1,2,3,3]) -> (y) {
  s = const f32[] {0.02}
  z = const u8[] {90}
  pads = const i64[8] {0, 0, 1, 1, 0, 0, 1, 2}
  xq = QuantizeLinear(x, s, z)
  xd = DequantizeLinear(xq, s, z)
  p = Pad(xd, pads)
  pq = QuantizeLinear(p, s, z)
  y = DequantizeLinear(pq, s, z)
})",
                                  {1, 2, 3, 3});
  EXPECT_THAT(after, HasSubstr("Pad(xq, pads, z)"));
}

// Two branches of a convolution; `t` is the scale of the first, which the second may read.
std::string Branches(std::string_view scale, std::string_view second,
                     std::string_view last = "Identity") {
  return absl::StrCat(R"(
graph g(x: f32[1,4,6,6]) -> (y) {
  s = const f32[] {0.02}
  z = const u8[] {110}
  t = const f32[] {)",
                      Str(scale), R"(}
  n = const u8[] {0}
  r = const f32[] {0.146}
  k = const f32[] {0.01}
  w = const i8[4,4,1,1] seed(1)
  v = const i8[4,4,3,3] seed(2)
  xq = QuantizeLinear(x, s, z)
  aq = plumb.QuantizedConv(xq, s, z, w, k, _, t, n) {activation = "relu"} "first"
  a = DequantizeLinear(aq, t, n)
  bq = plumb.QuantizedConv()",
                      Str(second), R"(, v, k, _, r, n) {pads = [1, 1, 1, 1]}
  b = DequantizeLinear(bq, r, n)
  c = Concat(a, b) {axis = 1}
  d = )",
                      Str(last), R"((c)
  cq = QuantizeLinear(d, r, n)
  y = DequantizeLinear(cq, r, n)
})");
}

TEST(FuseRequantizedTest, AProductWritesTheStepsOfTheResult) {
  const std::string after = Exactly(Branches("0.0873", "xq, s, z"), {1, 4, 6, 6});
  EXPECT_THAT(after, HasSubstr("plumb.QuantizedConv(xq, s, z, w, k, _, r, n, _, _, _, _, t, n)"));
  EXPECT_THAT(after, HasSubstr("\"first\""));
  EXPECT_THAT(after, Not(HasSubstr("plumb.Requantize")));
}

TEST(FuseRequantizedTest, AProductHasTheReluOfTheResult) {
  // With numbers below zero to lose.
  const std::string text = absl::StrReplaceAll(
      Branches("0.0873", "xq, s, z", "Relu"),
      {{"n = const u8[] {0}", "n = const u8[] {99}"}, {"{activation = \"relu\"}", ""}});
  const std::string after = Exactly(text, {1, 4, 6, 6});
  EXPECT_THAT(after, HasSubstr("w, k, _, r, n, _, _, _, _, t, n) {activation = \"relu\""));
  EXPECT_THAT(after, Not(HasSubstr("Relu(")));
}

TEST(FuseRequantizedTest, AProductThatOthersReadStaysAsItIs) {
  const std::string after = Exactly(Branches("0.0873", "aq, t, n"), {1, 4, 6, 6});
  EXPECT_THAT(after, HasSubstr("plumb.Requantize(aq, t, n, r, n)"));
  EXPECT_THAT(after, HasSubstr("plumb.QuantizedConv(xq, s, z, w, k, _, t, n)"));
}

// 219 steps of 0.153 are 229.5 of 0.146 in one way of rounding and fewer in the other.
TEST(FuseRequantizedTest, AProductThatWouldRoundOtherwiseStaysAsItIs) {
  const ops::ByteScale from{DType::kUInt8, 0.153f}, to{DType::kUInt8, 0.146f};
  EXPECT_FALSE(ops::ProductRequantizes(from, to));
  EXPECT_TRUE(ops::ProductRequantizes({DType::kUInt8, 0.0873f}, to));
  const std::string after = Exactly(Branches("0.153", "xq, s, z"), {1, 4, 6, 6});
  EXPECT_THAT(after, HasSubstr("plumb.Requantize(aq, t, n, r, n)"));
}

}  // namespace
}  // namespace plumb::engine
