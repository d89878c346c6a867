#include "graph/infer.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "graph/tiny_ops_test.h"

namespace plumb {
namespace {

using testing::TinyOps;

Graph Parse(std::string_view text) {
  StatusOr<Graph> graph = ParseGraph(text, TinyOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? *std::move(graph) : Graph();
}

std::string ErrorOf(std::string_view text) {
  return std::string(ParseGraph(text, TinyOps()).status().message());
}

std::string TypeOf(const Graph& graph, std::string_view value) {
  const ValueInfo& info = graph.value(graph.FindValue(value)).info;
  std::string text = Str(DTypeName(info.dtype));
  if (!info.dims) return text;
  text += "[";
  for (const Dim& dim : *info.dims) {
    absl::StrAppend(&text, text.back() == '[' ? "" : ",", dim.ToString(graph.symbols()));
  }
  return text + "]";
}

constexpr std::string_view kFlatten = R"(graph g(x: f32[N,3,H]) -> (y) {
  s = Shape(x)
  two = const i64[2] {3, 4}
  t = Concat(s, two) {axis = 0}
  y = Reshape(x, t)
})";

TEST(InferGraph, ShapeArithmeticCarriesSymbols) {
  EXPECT_EQ(TypeOf(Parse(kFlatten), "y"), "f32[N,3,H,3,4]");
}

TEST(InferGraph, SizesKnownAtRunTimeGetSymbolsOfTheGraph) {
  const Graph graph = Parse(R"(graph g(x: f32[2,2], z: f32[N], w: f32[M]) -> (y, v) {
    y = NonZero(x)
    v = Add(z, w)
  })");
  EXPECT_EQ(TypeOf(graph, "y"), "i64[2,?0]");
  EXPECT_EQ(TypeOf(graph, "v"), "f32[?1]");
}

TEST(InferGraph, InferringTwiceChangesNothing) {
  Graph graph = Parse(R"(graph g(c: bool[], x: f32[2,2]) -> (y, z) {
    y = NonZero(x)
    z = If(c) {then_branch = graph () captures (x) -> (t) { t = NonZero(x) },
               else_branch = graph () captures (y) -> (y) { }}
  })");
  const std::string once = ToText(graph);
  ASSERT_TRUE(InferGraph(graph).ok());
  EXPECT_EQ(ToText(graph), once);
}

TEST(InferGraph, StatedSizesAreKeptWhereInferenceKnowsLess) {
  const Graph graph = Parse("graph g(x: f32[2,2]) -> (y) { y: i64[2,K] = NonZero(x) }");
  EXPECT_EQ(TypeOf(graph, "y"), "i64[2,K]");
  const Graph known = Parse("graph g(x: f32[N]) -> (y) { y: f32[4] = Add(x, x) }");
  EXPECT_EQ(TypeOf(known, "y"), "f32[N]");
}

TEST(InferGraph, ContradictionsAreErrors) {
  EXPECT_EQ(ErrorOf("graph g(x: f32[2]) -> (y) { y: f32[3] = Add(x, x) }"),
            "line 1, column 29: node 'y' (Add): output 0 'y': has shape [2], but [3] is stated");
  EXPECT_EQ(ErrorOf("graph g(x: f32[2]) -> (y) { y: i64[2] = Add(x, x) }"),
            "line 1, column 29: node 'y' (Add): output 0 'y': has type f32, but i64 is stated");
}

TEST(InferGraph, ABodyIsInferredForTheTypesItGets) {
  const Graph graph = Parse(R"(graph g(n: i64[], x: f32[4]) -> (y) {
    y = Loop(n, x) {body = graph (i: i64[], h: f32[9]) -> (t) { t = Add(h, h) }}
  })");
  EXPECT_EQ(TypeOf(graph, "y"), "f32");
}

TEST(InferGraph, ErrorsInSubgraphsTellTheWay) {
  EXPECT_EQ(ErrorOf(R"(graph g(c: bool[], x: f32[4]) -> (y) {
    y = If(c) {then_branch = graph () captures (x) -> (x) { },
               else_branch = graph () captures (x) -> (t) {
                 b = const f32[3] zeros
                 t = Add(x, b)
               }} })"),
            "line 2, column 5: node 'y' (If): else_branch: node 't' (Add): "
            "shapes [4] and [3] do not broadcast: 4 against 3");
}

TEST(InferGraph, AbsurdShapesAreErrors) {
  EXPECT_EQ(ErrorOf(R"(graph g(x: f32[4]) -> (y) {
    s = const i64[3] {4000000000, 4000000000, 4000000000}
    y = Reshape(x, s)
  })"),
            "line 3, column 5: node 'y' (Reshape): output 0 'y': shape "
            "4000000000x4000000000x4000000000 has more than 2^57 elements");
  EXPECT_EQ(ErrorOf(R"(graph g(x: f32[4]) -> (y) {
    s = const i64[1] {-4}
    y = Reshape(x, s)
  })"),
            "line 3, column 5: node 'y' (Reshape): output 0 'y': shape -4 has a negative size");
}

TEST(ConcreteInference, LeavesTheGraphAloneAndServesShapeAfterShape) {
  const Graph graph = Parse(kFlatten);
  const std::string before = ToText(graph);
  ConcreteInference inference(graph);
  for (std::int64_t n : {1, 8}) {
    ASSERT_TRUE(inference.Run(std::vector<Shape>{{n, 3, 5}}).ok());
    EXPECT_EQ(inference.info(graph.FindValue("y")).dims,
              (DimVector{Dim(n), Dim(3), Dim(5), Dim(3), Dim(4)}));
  }
  EXPECT_EQ(ToText(graph), before);
}

TEST(ConcreteInference, GoesOnOnceARunTimeSizeIsKnown) {
  const Graph graph = Parse(R"(graph g(x: f32[2,N]) -> (z) {
    y = NonZero(x)
    z = Shape(y)
  })");
  ConcreteInference inference(graph);
  ASSERT_TRUE(inference.Run(std::vector<Shape>{{2, 7}}).ok());
  const ValueId y = graph.FindValue("y");
  EXPECT_TRUE((*inference.info(y).dims)[1].is_anonymous());
  inference.Set(y, DType::kInt64, Shape{2, 3});
  ASSERT_TRUE(inference.Infer(1).ok());
  EXPECT_EQ(inference.info(graph.FindValue("z")).content, (DimVector{Dim(2), Dim(3)}));
}

TEST(ConcreteInference, InfersBodiesOnTheirConcreteTypes) {
  const Graph graph = Parse(R"(graph g(c: bool[], x: f32[N]) -> (y) {
    y = If(c) {then_branch = graph () captures (x) -> (t) { t = Add(x, x) },
               else_branch = graph () captures (x) -> (x) { }} })");
  ConcreteInference inference(graph);
  ASSERT_TRUE(inference.Run(std::vector<Shape>{{}, {6}}).ok());
  EXPECT_EQ(inference.info(graph.FindValue("y")).dims, (DimVector{Dim(6)}));
}

TEST(ConcreteInference, TellsWhatBodiesAreInferredFor) {
  const Graph graph = Parse(R"(graph g(c: bool[], x: f32[N]) -> (y) {
    y = If(c) {then_branch = graph () captures (x) -> (t) { t = Add(x, x) },
               else_branch = graph () captures (x) -> (x) { }} "choice" })");
  ConcreteInference inference(graph);
  std::vector<int> bodies;
  inference.set_on_body([&](NodeId node, int index, std::span<const ValueInfo> inputs) {
    EXPECT_EQ(graph.node(node).name, "choice");
    EXPECT_TRUE(inputs.empty());
    bodies.push_back(index);
  });
  ASSERT_TRUE(inference.Run(std::vector<Shape>{{}, {6}}).ok());
  EXPECT_EQ(bodies, (std::vector<int>{0, 1}));
}

}  // namespace
}  // namespace plumb
