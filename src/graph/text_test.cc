#include "graph/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "graph/tiny_ops_test.h"

namespace plumb {
namespace {

using testing::TinyOps;

std::string RoundTrip(const std::string& text, const TextOptions& options = {}) {
  const StatusOr<Graph> graph = ParseGraph(text, TinyOps());
  return graph.ok() ? ToText(*graph, options) : std::string(graph.status().message());
}

TEST(Text, EveryConstructReadsBackAsPrinted) {
  const std::string text =
      R"(graph "my net"(c: bool[], "x:0": f32[N,3], k: i64, u: ?) -> (y, z, y) {
  w = const f32[3] {1, 2.5, -inf}
  i = const i64[] {-7}
  b = const bool[2] {true, false}
  t = const str[2] {"a\"b", "line\n"}
  h = const u4[3] hex "210f"
  state s: f32[2,1] = {0, 1}
  y: f32[N,3] = Add("x:0", w) "the first"
  s2: f32[2,1] = Add(s, s)
  nz: i64[2,?0] = NonZero(y)
  r: bool[2] = plumb.Tag(b, b) {f = 1.0, fs = floats[], i = -3, is = ints[], s = "x", ss = ["p", "q"], t = f32[2] {1, 2}}
  v: str[2] = plumb.Tag(t) {f = 1e-05, fs = [0.5, 2.0], is = [1, 2], ss = strings[]}
  p: u4[3] = plumb.Tag(h)
  q: i64[] = Loop(i, i) {body = graph (n: i64[], m: i64) captures (i as j) -> (o) {
    o: i64 = Add(m, j)
  }}
  z: f32 = If(c) {then_branch = graph () captures (y) -> (d) {
    d: f32[N,3] = Add(y, y)
  }, else_branch = graph () captures (s2) -> (s2) {
  }}
  update s = s2
}
)";
  // Loop gives no rank here, so `q` is stated as a scalar and stays one.
  EXPECT_EQ(RoundTrip(text), text);
}

TEST(Text, ConstantsThatNobodyReadsAreLeftOut) {
  EXPECT_EQ(RoundTrip("graph g(x: f32[]) -> (x) { a = const f32[] {1} }"),
            "graph g(x: f32[]) -> (x) {\n}\n");
}

TEST(Text, LongConstantsAreDigestsUnlessAskedInFull) {
  const std::string text = "graph g() -> (w) { w = const f32[3,7] seed(7) }";
  const std::string digest = RoundTrip(text);
  EXPECT_NE(digest.find("w = const f32[3,7] digest(x"), std::string::npos) << digest;
  EXPECT_EQ(RoundTrip(digest),
            "line 2, column 22: a constant printed as a digest; "
            "print with full_constants to read back");
  const TextOptions full{.full_constants = true};
  const std::string exact = RoundTrip(text, full);
  EXPECT_EQ(RoundTrip(exact, full), exact);
  EXPECT_EQ(RoundTrip(exact), digest);
}

TEST(Text, NumbersReadBackBitForBit) {
  Graph graph;
  const std::vector<float> values = {0.1f, 1e-45f, 3.4028235e38f, -0.0f, NAN, 1.0f / 3};
  graph.AddOutput(graph.AddConstant("w", Tensor::FromVector<float>({6}, values)));
  graph.AddOutput(graph.AddConstant(
      "d", Tensor::FromVector<double>({2}, {0.1, std::numeric_limits<double>::denorm_min()})));
  graph.AddOutput(graph.AddConstant(
      "u", Tensor::FromVector<std::uint64_t>({1}, {std::numeric_limits<std::uint64_t>::max()})));
  const StatusOr<Graph> back = ParseGraph(ToText(graph), TinyOps());
  ASSERT_TRUE(back.ok()) << back.status();
  for (const char* name : {"w", "d", "u"}) {
    EXPECT_TRUE(SameAttr(Attr(graph.value(graph.FindValue(name)).constant),
                         Attr(back->value(back->FindValue(name)).constant)))
        << name;
  }
}

TEST(Text, OddSymbolNamesAndExpressionsReadBack) {
  const std::string text = "graph g(x: f32[\"past + 1\",2*N+1,-1*M+4], y: f32[?7]) -> (x) {\n}\n";
  EXPECT_EQ(RoundTrip(text), text);
}

TEST(Text, PatternsKeepNamesInPlaceOfAttributes) {
  const StatusOr<Graph> graph = ParseGraph("graph p(x) -> (y) { y = Concat(x, x) {axis = $axis} }",
                                           TinyOps(), {.infer = false});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->node(0).attrs.String("axis", ""), "$axis");
}

TEST(Text, ErrorsSayLineAndColumn) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"", "line 1, column 1: expected 'graph'"},
      {"graph g(x", "line 1, column 10: expected ',', found the end"},
      {"graph g(x: f33[2]) -> (x) {}",
       "line 1, column 12: unknown element type 'f33'; expected one of: f32 f64 f16 bf16 i8 i16 "
       "i32 i64 u8 u16 u32 u64 bool str i4 u4"},
      {"graph g(x: f32[99999999999,99999999999]) -> (x) {}",
       "line 1, column 9: shape 99999999999x99999999999 has more than 2^57 elements"},
      {"graph g(x: f32[-2]) -> (x) {}", "line 1, column 16: a dimension is not negative"},
      {"graph g(x: f32[]) -> (y) {}", "line 1, column 23: value 'y' is used before it is defined"},
      {"graph g(x: f32[]) -> (x) {\n  y = Nope(x)\n}", "line 2, column 7: unknown operator 'Nope'"},
      {"graph g(x: f32[]) -> (y) {\n  y = Add(x, z)\n  z = Add(x, x)\n}",
       "line 2, column 14: value 'z' is used before it is defined"},
      {"graph g(x: f32[]) -> (y) {\n  y = Add(x)\n}",
       "line 2, column 3: node 'y' (Add): input 1 'b' is missing"},
      {"graph g(x: f32[], x: f32[]) -> (x) {}", "line 1, column 19: value 'x' is defined twice"},
      {"graph g() -> (w) { w = const f32[2] {1} }", "line 1, column 37: 1 elements for shape 2"},
      {"graph g() -> (w) { w = const f32[1] {1,} }",
       "line 1, column 40: expected an element or '}'"},
      {"graph g() -> (w) { w = const f32[2] {1, =} }",
       "line 1, column 41: expected an element or '}'"},
      {"graph g() -> (w) { w = const i64[1] {1.5} }",
       "line 1, column 38: '1.5' is not an element of type i64"},
      {"graph g() -> (w) { w = const i8[1] {200} }",
       "line 1, column 37: '200' is not an element of type i8"},
      {"graph g() -> (w) { w = const f32[N] zeros }",
       "line 1, column 30: a constant needs a type with numbers as dimensions"},
      {"graph g() -> (w) { w = const i8[2] hex \"00\" }",
       "line 1, column 40: 2 hex digits, expected 4"},
      {"graph g(x: f32[]) -> (x) { update x = x }", "line 1, column 35: 'x' is not a state"},
      {"graph g(x: f32[]) -> (x) { y = plumb.Tag(x) {fs = [1, 2.0]} }",
       "line 1, column 51: a list has elements of one type; write floats with a point"},
      {"graph g(x: f32[]) -> (x) {} graph", "line 1, column 29: expected nothing after the graph"},
      {"graph g(x: f32[]) -> (x) { ; }", "line 1, column 28: unexpected character \";\""},
      {"graph g() -> () { \"a", "line 1, column 19: text without its end quote"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(RoundTrip(text), message) << text;
}

TEST(Text, AbsurdConstantsAreRefusedBeforeMemoryIsTaken) {
  EXPECT_EQ(RoundTrip("graph g() -> (w) { w = const f32[1000000,1000000,10] zeros }"),
            "line 1, column 54: 40000000000000 bytes that no elements are written for, where "
            "1073741824 are left to this text");
  EXPECT_EQ(RoundTrip("graph g() -> (w) { w = const f32[99999999999,99999999999] hex \"00\" }"),
            "line 1, column 59: shape 99999999999x99999999999 has more than 2^57 elements");
  EXPECT_EQ(RoundTrip("graph g() -> (w) { w = const f32[1000000000] {1} }"),
            "line 1, column 46: 1 elements for shape 1000000000");
}

TEST(Text, ConstantsThatAreNotWrittenOutShareALimit) {
  const std::string text =
      "graph g() -> (w, v) { w = const f32[6] seed(1) v = const i64[5] zeros }";
  EXPECT_TRUE(ParseGraph(text, TinyOps(), {.max_generated_bytes = 64}).ok());
  const Status status = ParseGraph(text, TinyOps(), {.max_generated_bytes = 63}).status();
  EXPECT_EQ(status.message(),
            "line 1, column 65: 40 bytes that no elements are written for, where 39 are left to "
            "this text");
}

}  // namespace
}  // namespace plumb
