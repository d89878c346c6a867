// Each pass in text: the graph before, the graph after.
#include <gmock/gmock.h>

#include "engine/passes/pass_test.h"

namespace plumb::engine {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(PassesTest, ConstantsFoldAndOutputsKeepTheirNames) {
  const std::string after = After("FoldConstants", R"(
graph g(x: f32[N,4]) -> (y, c) {
  a = const f32[2] {1, 2}
  b = const f32[2] {3, 4}
  c = Add(a, b)
  shape = Shape(x)
  last = const i64[1] {1}
  four = Gather(shape, last)
  minus = const i64[1] {-1}
  target = Concat(minus, four) {axis = 0}
  y = Reshape(x, target)
})",
                                  {3, 4});
  EXPECT_THAT(after, HasSubstr("-> (y, c)"));
  EXPECT_THAT(after, HasSubstr("{4, 6}"));
  EXPECT_THAT(after, Not(HasSubstr("Gather")));
}

TEST(PassesTest, HandMadeLayerNormAndGeluBecomeOperators) {
  const std::string after = After("MatchPatterns", R"(
graph g(x: f32[N,8]) -> (y) {
  axes = const i64[1] {-1}
  two = const f32[] {2}
  eps = const f32[] {1e-5}
  scale = const f32[8] seed(1)
  shift = const f32[8] seed(2)
  root = const f32[] {1.4142135}
  one = const f32[] {1}
  half = const f32[] {0.5}
  mean = ReduceMean(x, axes) {keepdims = 1}
  centred = Sub(x, mean)
  square = Pow(centred, two)
  variance = ReduceMean(square, axes) {keepdims = 1}
  safe = Add(eps, variance)
  deviation = Sqrt(safe)
  normal = Div(centred, deviation)
  scaled = Mul(scale, normal)
  n = Add(scaled, shift)
  s = Div(n, root)
  e = Erf(s)
  p = Add(e, one)
  m = Mul(n, p)
  y = Mul(m, half)
})",
                                  {2, 8});
  EXPECT_THAT(after, HasSubstr("LayerNormalization(x, scale, shift)"));
  EXPECT_THAT(after, HasSubstr("Gelu("));
  EXPECT_THAT(after, Not(HasSubstr("Erf")));
  EXPECT_THAT(after, HasSubstr("-> (y)"));
}

// x [2,3,4] against 5 keys of width 4 and values of width 6; `middle` makes `w` of them.
std::string AfterAttention(std::string_view middle) {
  const std::string text = absl::StrCat(R"(
graph g(x: f32[2,3,4]) -> (y) {
  k = const f32[2,4,5] seed(1)
  v = const f32[2,5,6] seed(2)
  mask = const f32[3,5] seed(3)
  masks = const f32[3,2,3,5] seed(3)
  four = const f32[] {4}
  quarter = const f32[1] {0.25}
  half = const f32[] {0.5}
  row = const f32[5] {1, 2, 3, 4, 5}
)",
                                        Str(middle), "  y = MatMul(w, v)\n}");
  return After("MatchPatterns", text, {2, 3, 4});
}

TEST(PassesTest, ProductsAroundASoftmaxBecomeAttention) {
  EXPECT_THAT(AfterAttention("  s = MatMul(x, k)\n  w = Softmax(s) {axis = -1}\n"),
              HasSubstr("y = plumb.Attention(x, k, v) \"attention\""));
  EXPECT_THAT(AfterAttention("  s = MatMul(x, k)\n  t = Div(s, four)\n  m = Add(mask, t)\n"
                             "  w = Softmax(m) {axis = 2}\n"),
              HasSubstr("y = plumb.Attention(x, k, v, mask) {scale = 0.25}"));
  EXPECT_THAT(AfterAttention("  q = Mul(x, half)\n  h = Mul(half, k)\n  s = MatMul(q, h)\n"
                             "  w = Softmax(s) {axis = -1}\n"),
              HasSubstr("y = plumb.Attention(x, k, v) {scale = 0.25}"));
  EXPECT_THAT(AfterAttention("  q = Mul(quarter, x)\n  s = MatMul(q, k)\n  m = Add(s, mask)\n"
                             "  w = Softmax(m) {axis = -1}\n"),
              HasSubstr("y = plumb.Attention(x, k, v, mask) {scale = 0.25}"));
}

TEST(PassesTest, WhatIsNotAttentionStays) {
  for (const std::string_view middle : {
           "  s = MatMul(x, k)\n  w = Softmax(s) {axis = 1}\n",
           "  s = MatMul(x, k)\n  t = Mul(s, row)\n  w = Softmax(t) {axis = -1}\n",
           "  s = MatMul(x, k)\n  m = Add(s, masks)\n  w = Softmax(m) {axis = -1}\n",
       }) {
    EXPECT_THAT(AfterAttention(middle), Not(HasSubstr("Attention"))) << middle;
  }
}

TEST(PassesTest, APatternWhoseMiddleIsReadElsewhereStays) {
  const std::string after = After("MatchPatterns", R"(
graph g(x: f32[4]) -> (y, s) {
  s = Sigmoid(x)
  y = Mul(x, s)
})",
                                  {4});
  EXPECT_THAT(after, Not(HasSubstr("Silu")));
}

TEST(PassesTest, BatchNormalizationGoesIntoTheConvolution) {
  const std::string after = After("FoldAffine", R"(
graph g(x: f32[1,2,4,4]) -> (y) {
  w = const f32[3,2,1,1] seed(1)
  scale = const f32[3] {1, 2, 3}
  shift = const f32[3] {0, 1, 2}
  mean = const f32[3] {0.5, 0, 1}
  var = const f32[3] {1, 2, 3}
  c = Conv(x, w)
  y = BatchNormalization(c, scale, shift, mean, var)
})",
                                  {1, 2, 4, 4});
  EXPECT_THAT(after, Not(HasSubstr("BatchNormalization")));
  EXPECT_THAT(after, HasSubstr("y = plumb.FusedConv(x, w, w_bias, _, w_scale)"));
}

TEST(PassesTest, AConvolutionReadTwiceKeepsItsBatchNormalization) {
  const std::string after = After("FoldAffine", R"(
graph g(x: f32[1,2,4,4]) -> (y, c) {
  w = const f32[2,2,1,1] seed(1)
  one = const f32[2] {1, 2}
  zero = const f32[2] {0, 1}
  c = Conv(x, w)
  y = BatchNormalization(c, one, zero, zero, one)
})",
                                  {1, 2, 4, 4});
  EXPECT_THAT(after, HasSubstr("BatchNormalization"));
}

TEST(PassesTest, ResidualAndActivationMoveIntoTheConvolution) {
  const std::string after = After("FuseEpilogue", R"(
graph g(x: f32[1,2,4,4]) -> (y) {
  w = const f32[2,2,1,1] seed(1)
  c = Conv(x, w)
  s = Add(x, c)
  y = Relu(s)
})",
                                  {1, 2, 4, 4});
  EXPECT_THAT(after, HasSubstr("y = plumb.FusedConv(x, w, _, x)"));
  EXPECT_THAT(after, HasSubstr("activation = \"relu\""));
}

TEST(PassesTest, BiasOfAProductGoesIntoIt) {
  const std::string after = After("FuseEpilogue", R"(
graph g(x: f32[N,3,4]) -> (y) {
  w = const f32[4,5] seed(1)
  b = const f32[5] seed(2)
  m = MatMul(x, w)
  y = Add(b, m)
})",
                                  {2, 3, 4});
  EXPECT_THAT(after, HasSubstr("y = plumb.FusedMatMul(x, w, b)"));
}

TEST(PassesTest, BatchNormalizationThatCannotFoldBecomesElementwise) {
  const std::string after = After("ExpandAffine", R"(
graph g(x: f32[1,2,4,4]) -> (y) {
  one = const f32[2] {1, 2}
  zero = const f32[2] {0, 1}
  n = BatchNormalization(x, one, zero, zero, one)
  y = Relu(n)
})",
                                  {1, 2, 4, 4});
  EXPECT_THAT(after, Not(HasSubstr("BatchNormalization")));
  EXPECT_THAT(after, HasSubstr("Mul(x, "));
}

TEST(PassesTest, AChainOfElementwiseNodesBecomesOne) {
  const std::string after = After("FuseElementwise", R"(
graph g(x: f32[2,3]) -> (y) {
  two = const f32[] {2}
  row = const f32[3] {1, 2, 3}
  a = Mul(x, two)
  b = Add(a, row)
  c = Tanh(b)
  y = Add(c, x)
})",
                                  {2, 3});
  EXPECT_THAT(after, HasSubstr("FusedElementwise"));
  EXPECT_THAT(after, HasSubstr("-> (y)"));
}

TEST(PassesTest, WhatLiesBetweenNarrowProductsIsNarrow) {
  const std::string after = After("NarrowProducts", R"(
graph g(x: f32[1,16,6,6]) -> (y) {
  w = const f32[16,16,3,3] seed(1)
  k = const f32[16,1,3,3] seed(2)
  v = const f32[16,16,1,1] seed(3)
  a = Conv(x, w) {pads = [1, 1, 1, 1]}
  h = HardSwish(a)
  d = Conv(h, k) {pads = [1, 1, 1, 1], group = 16}
  p = MaxPool(d) {kernel_shape = [2, 2], strides = [2, 2]}
  c = Conv(p, v)
  y = Softmax(c) {axis = 1}
})",
                                  {1, 16, 6, 6}, DType::kBFloat16, 0.05);
  // The first and the last end in fp32: what follows them computes there.
  EXPECT_THAT(after, HasSubstr("a = plumb.FusedConv(x, w)"));
  EXPECT_THAT(after, HasSubstr("d = plumb.FusedConv(cast_1, k)"));
  EXPECT_THAT(after, HasSubstr("c = plumb.FusedConv(p, v)"));
  EXPECT_THAT(after, HasSubstr("Cast(h) {to = 16}"));
  EXPECT_THAT(after, HasSubstr("y = Softmax(c)"));
}

TEST(PassesTest, AttentionIsFusedOnlyWhereItsShapesAreKnown) {
  const auto after = [](const std::string& inputs, const std::string& scale) {
    auto graph = ParseGraph("graph g(" + inputs + R"() -> (y) {
  c = const f32)" + scale + R"(
  s = MatMul(q, k)
  t = Mul(s, c)
  u = Add(t, m)
  w = Softmax(u) {axis = -1}
  y = MatMul(w, v)
})",
                            ops::AllOps());
    EXPECT_TRUE(graph.ok()) << graph.status();
    const auto changed = FindPass("MatchPatterns")->run(*graph, {ops::AllOps(), DType::kUndefined});
    EXPECT_TRUE(changed.ok()) << changed.status();
    const Status verified = Verify(*graph);
    EXPECT_TRUE(verified.ok()) << verified;
    return ToText(*graph);
  };
  const std::string known = "q: f32[N,2,4,8], k: f32[N,2,8,5], v: f32[N,2,5,6], m: f32[N,1,1,5]";
  EXPECT_THAT(after(known, "[] {0.5}"), HasSubstr("plumb.Attention("));
  EXPECT_THAT(after(known, "[1,1,1,1] {0.5}"), Not(HasSubstr("plumb.Attention(")));
  // A mask that may be larger than the scores; shapes that are not known.
  for (const char* const open :
       {"q: f32[1,2,4,8], k: f32[1,2,8,5], v: f32[N,2,5,6], m: f32[N,1,1,5]",
        "q: f32[N,4,8], k: f32[N,8,5], v: f32[N,5,6], m: f32[M,1,5]",
        "q: f32, k: f32, v: f32, m: f32"}) {
    EXPECT_THAT(after(open, "[] {0.5}"), Not(HasSubstr("plumb.Attention("))) << open;
  }
}

TEST(PassesTest, ProductsStayWhereNoPrecisionIsAskedFor) {
  const std::string after = After("NarrowProducts", R"(
graph g(x: f32[2,16]) -> (y) {
  w = const f32[16,8] seed(1)
  y = MatMul(x, w)
})",
                                  {2, 16});
  EXPECT_THAT(after, HasSubstr("y = MatMul(x, w)"));
}

TEST(PassesTest, EveryPassOfTheListIsFound) {
  ASSERT_FALSE(AllPasses().empty());
  for (const Pass& pass : AllPasses()) EXPECT_EQ(FindPass(pass.name)->run, pass.run);
  EXPECT_EQ(FindPass("no such pass"), nullptr);
}

}  // namespace
}  // namespace plumb::engine
