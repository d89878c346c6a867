// Roundings to bf16 in small graphs.
#include "engine/quantize/insert_rounding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "ops/ops.h"

namespace plumb::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Graph Parse(std::string_view text) {
  StatusOr<Graph> graph = ParseGraph(text, ops::AllOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

std::string Rounded(std::string_view text, const std::set<std::string>& products) {
  Graph graph = Parse(text);
  const Status inserted = InsertRounding(graph, ops::AllOps(), products);
  EXPECT_TRUE(inserted.ok()) << inserted;
  TextOptions options;
  options.types = false;
  return ToText(graph, options);
}

constexpr char kNet[] = R"(graph g(x: f32[1,16,4,4]) -> (y, c) {
  w = const f32[16,16,1,1] seed(1)
  c = Conv(x, w) "first"
  p = MaxPool(c) {kernel_shape = [2, 2]} "pool"
  k = const f32[16,2,3,3] seed(2)
  d = Conv(p, k) {group = 8, pads = [1, 1, 1, 1]} "few"
  y = Conv(d, w) "last"
})";

TEST(InsertRoundingTest, ProductsThatGainAreListed) {
  EXPECT_THAT(RoundableProducts(Parse(kNet), ops::AllOps()), ElementsAre("first", "last"));
}

TEST(InsertRoundingTest, ReadersSeeRoundedValuesAndOutputsDoNot) {
  const std::string text = Rounded(kNet, {"last"});
  EXPECT_THAT(text, HasSubstr("d_bf16 = Cast(d) {to = 16}"));
  EXPECT_THAT(text, HasSubstr("y = Conv(d_rounded, w_rounded) \"last\""));
  EXPECT_THAT(text, HasSubstr("c = Conv(x, w) \"first\""));
  EXPECT_THAT(text, HasSubstr("-> (y, c)"));
}

TEST(InsertRoundingTest, WhatMovesElementsReadsThemRounded) {
  const char* const pooled = R"(graph g(x: f32[1,16,4,4]) -> (y) {
  w = const f32[16,16,1,1] seed(1)
  r = Relu(x)
  p = MaxPool(r) {kernel_shape = [2, 2]}
  y = Conv(p, w) "last"
})";
  const std::string text = Rounded(pooled, {"last"});
  EXPECT_THAT(text, HasSubstr("p = MaxPool(r_rounded)"));
  EXPECT_THAT(text, HasSubstr("y = Conv(p_rounded, w_rounded)"));
}

TEST(InsertRoundingTest, IntegersAreRoundedForTheProductAlone) {
  const char* const quantised = R"(graph g(x: f32[1,16,4,4]) -> (y, z) {
  s = const f32[] {0.1}
  o = const u8[] {3}
  w = const f32[16,16,1,1] seed(1)
  q = QuantizeLinear(x, s, o)
  d = DequantizeLinear(q, s, o)
  y = Conv(d, w) "last"
  z = Relu(d)
})";
  const std::string text = Rounded(quantised, {"last"});
  EXPECT_THAT(text, HasSubstr("y = Conv(d_rounded, w_rounded)"));
  EXPECT_THAT(text, HasSubstr("z = Relu(d)"));
  EXPECT_THAT(text, HasSubstr("q = QuantizeLinear(x, s, o)"));
}

TEST(InsertRoundingTest, WhateverElseReadsAValueGetsItAsItIs) {
  const char* const ids = R"(graph g(x: f32[16,16]) -> (y, i, o, t, z) {
  w = const f32[16,16] seed(1)
  r = Relu(x)
  y = MatMul(r, w) "last"
  i = Cast(r) {to = 7}
  o = Identity(r)
  t = Transpose(r)
  z = MatMul(t, w) "other"
})";
  const std::string text = Rounded(ids, {"last"});
  EXPECT_THAT(text, HasSubstr("y = MatMul(r_rounded, w_rounded)"));
  EXPECT_THAT(text, HasSubstr("i = Cast(r)"));
  EXPECT_THAT(text, HasSubstr("o = Identity(r)"));
  EXPECT_THAT(text, HasSubstr("t = Transpose(r)"));
}

TEST(InsertRoundingTest, NoProductsChangeNothing) {
  EXPECT_THAT(Rounded(kNet, {}), Not(HasSubstr("Cast")));
}

}  // namespace
}  // namespace plumb::engine
