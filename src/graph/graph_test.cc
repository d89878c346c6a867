#include "graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/builder.h"
#include "graph/text.h"
#include "graph/tiny_ops_test.h"
#include "graph/verifier.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using testing::TinyOps;

Graph Parse(std::string_view text) {
  StatusOr<Graph> graph = ParseGraph(text, TinyOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? *std::move(graph) : Graph();
}

TEST(Graph, NamesAreUnique) {
  Graph graph;
  const ValueId a = graph.AddInput("x", DType::kFloat32, DimVector{});
  const ValueId b = graph.AddInput("x", DType::kFloat32, DimVector{});
  EXPECT_EQ(graph.value(a).name, "x");
  EXPECT_EQ(graph.value(b).name, "x_1");
  EXPECT_EQ(graph.FindValue("x_1"), b);
  EXPECT_EQ(graph.UniqueName("x"), "x_2");
  graph.RenameValue(b, "y");
  EXPECT_EQ(graph.FindValue("x_1"), kNoValue);
  EXPECT_EQ(graph.FindValue("y"), b);
}

TEST(Graph, ACopySharesNothingButBytes) {
  const Graph graph = Parse(R"(graph g(c: bool[], x: f32[N]) -> (z) {
    w = const f32[1] {2}
    y = Add(x, w)
    z = If(c) {then_branch = graph () captures (y) -> (t) { t = Add(y, y) },
               else_branch = graph () captures (x) -> (x) { }}
  })");
  const std::string before = ToText(graph);
  Graph copy = graph;
  Graph& body = *copy.node(1).subgraphs[0].body;
  body.AddOutput(body.captures()[0]);
  copy.RenameValue(copy.FindValue("y"), "renamed");
  EXPECT_EQ(body.shared_symbols(), copy.shared_symbols());
  copy.symbols().Intern("other");
  EXPECT_EQ(ToText(graph), before);
  EXPECT_EQ(graph.value(graph.FindValue("w")).constant.raw(),
            copy.value(copy.FindValue("w")).constant.raw());
}

TEST(Graph, ReplacingUsesReachesCapturesOutputsAndStates) {
  Graph graph = Parse(R"(graph g(c: bool[], x: f32[], y: f32[]) -> (x, z) {
    state s: f32[] = {0}
    a = Add(x, s)
    z = If(c) {then_branch = graph () captures (x) -> (x) { },
               else_branch = graph () captures (a) -> (a) { }}
    update s = x
  })");
  graph.ReplaceUses(graph.FindValue("x"), graph.FindValue("y"));
  const ValueId y = graph.FindValue("y");
  EXPECT_EQ(graph.node(0).input(0), y);
  EXPECT_EQ(graph.outputs()[0], y);
  EXPECT_EQ(graph.states()[0].written, y);
  EXPECT_EQ(graph.node(1).subgraphs[0].captured[0], y);
}

TEST(Graph, DeadNodesGoWithTheCapturesThatOnlyTheyNeeded) {
  Graph graph = Parse(R"(graph g(c: bool[], x: f32[]) -> (z) {
    unused = Add(x, x)
    only_captured = Add(x, x) "n"
    z = If(c) {then_branch = graph () captures (only_captured, x) -> (t) {
                 dead = Add(only_captured, x)
                 t = Add(x, x)
               },
               else_branch = graph () captures (x) -> (x) { }}
  })");
  EXPECT_EQ(graph.RemoveDeadNodes(), 3);
  EXPECT_EQ(ToText(graph), R"(graph g(c: bool[], x: f32[]) -> (z) {
  z: f32[] = If(c) {then_branch = graph () captures (x) -> (t) {
    t: f32[] = Add(x, x)
  }, else_branch = graph () captures (x) -> (x) {
  }}
}
)");
  EXPECT_TRUE(Verify(graph).ok());
}

TEST(Graph, OrderPutsProducersFirstAndBreaksTiesById) {
  Graph graph;
  const ValueId x = graph.AddInput("x", DType::kFloat32, DimVector{});
  const OpDef* add = TinyOps().Find("", "Add");
  const NodeId late = graph.AddNodeNamed(add, {x, x}, {"late"}, {}, "");
  const NodeId b = graph.AddNodeNamed(add, {x, x}, {"b"}, {}, "");
  const NodeId a = graph.AddNodeNamed(add, {x, x}, {"a"}, {}, "");
  graph.node(late).inputs = {graph.FindValue("a"), graph.FindValue("b")};
  EXPECT_THAT(*graph.TopologicalOrder(), ElementsAre(b, a, late));
}

TEST(Graph, ACycleIsAnErrorThatNamesANodeOnIt) {
  Graph graph;
  const ValueId x = graph.AddInput("x", DType::kFloat32, DimVector{});
  const OpDef* add = TinyOps().Find("", "Add");
  const NodeId first = graph.AddNodeNamed(add, {x, x}, {"a"}, {}, "first");
  graph.AddNodeNamed(add, {x, graph.FindValue("a")}, {"b"}, {}, "second");
  graph.AddNodeNamed(add, {x, graph.FindValue("b")}, {"c"}, {}, "after");
  graph.node(first).inputs[1] = graph.FindValue("b");
  EXPECT_EQ(graph.TopologicalOrder().status().message(),
            "node 'first' (Add): is on a cycle: it reads a value that depends on its own output");
}

TEST(Uses, CountsInputsCapturesAndWhatLeaves) {
  const Graph graph = Parse(R"(graph g(c: bool[], x: f32[]) -> (a) {
    a = Add(x, x)
    b = Add(a, x)
    z = If(c) {then_branch = graph () captures (b) -> (b) { },
               else_branch = graph () captures (x) -> (x) { }}
  })");
  const Uses uses(graph);
  EXPECT_EQ(uses.of(graph.FindValue("x")).size(), 4u);
  EXPECT_EQ(uses.of(graph.FindValue("b"))[0].index, 1);
  EXPECT_TRUE(uses.has_single_use(graph.FindValue("b")));
  EXPECT_FALSE(uses.has_single_use(graph.FindValue("a")));
  EXPECT_TRUE(uses.is_graph_output(graph.FindValue("a")));
}

TEST(GraphBuilder, TheFirstErrorSticks) {
  Graph graph;
  const ValueId x = graph.AddInput("x", DType::kFloat32, DimVector{Dim(2)});
  const ValueId y = graph.AddInput("y", DType::kFloat32, DimVector{Dim(3)});
  GraphBuilder builder(&graph, &TinyOps());
  const ValueId good = builder.Call("Add", {x, builder.Scalar(DType::kFloat32, 1)});
  EXPECT_EQ(builder.info(good).dims, (DimVector{Dim(2)}));
  const ValueId bad = builder.Call("Add", {good, y});
  EXPECT_EQ(bad, kNoValue);
  EXPECT_EQ(builder.Call("Add", {bad, y}), kNoValue);
  EXPECT_EQ(builder.CallN("Nothing", {}, 2).size(), 2u);
  EXPECT_EQ(builder.status().message(),
            "node 'add_1' (Add): shapes [2] and [3] do not broadcast: 2 against 3");
  EXPECT_TRUE(Verify(graph).ok());
  GraphBuilder other(&graph, &TinyOps());
  other.Call("plumb.Nothing", {x});
  EXPECT_EQ(other.status().message(), "operator plumb.Nothing is not supported");
}

}  // namespace
}  // namespace plumb
