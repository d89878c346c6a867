#include "graph/verifier.h"

#include <gtest/gtest.h>

#include "graph/schema.h"
#include "graph/text.h"
#include "graph/tiny_ops_test.h"

namespace plumb {
namespace {

using testing::TinyOps;

struct Fault {
  const char* name;
  void (*make)(Graph&);
  const char* message;
};

Graph Sound() {
  StatusOr<Graph> graph = ParseGraph(R"(graph g(c: bool[], x: f32[2], k: i64[2]) -> (y, z) {
    state s: f32[2] = {0, 0}
    y = Concat(x, x) {axis = 0}
    a = Add(x, x)
    z = If(c) {then_branch = graph () captures (x) -> (x) { },
               else_branch = graph () captures (a) -> (a) { }}
    update s = a
  })",
                                     TinyOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

const Fault kFaults[] = {
    {"missing input", [](Graph& g) { g.node(1).inputs.pop_back(); },
     "node 'a' (Add): input 1 'b' is missing"},
    {"omitted input", [](Graph& g) { g.node(1).inputs[0] = kNoValue; },
     "node 'a' (Add): input 0 'a' is missing"},
    {"too many inputs", [](Graph& g) { g.node(1).inputs.push_back(0); },
     "node 'a' (Add): has 3 inputs, expected at most 2"},
    {"missing attribute", [](Graph& g) { g.node(0).attrs.Erase("axis"); },
     "node 'y' (Concat): required attribute 'axis' is missing"},
    {"wrong attribute type", [](Graph& g) { g.node(0).attrs.Set("axis", 1.0f); },
     "node 'y' (Concat): attribute 'axis' has type float, expected int"},
    {"unknown attribute", [](Graph& g) { g.node(0).attrs.Set("axes", std::int64_t{1}); },
     "node 'y' (Concat): unknown attribute 'axes'; expected one of: axis"},
    {"types differ", [](Graph& g) { g.node(1).inputs[1] = g.FindValue("k"); },
     "node 'a' (Add): input 1 'b' has type i64, but input 0 'a' has type f32; they must be equal"},
    {"type not in set", [](Graph& g) { g.node(2).inputs[0] = g.FindValue("x"); },
     "node 'z' (If): input 0 'cond' has type f32, expected bool"},
    {"id out of range", [](Graph& g) { g.node(1).inputs[0] = 99; },
     "node 'a' (Add): input 0 is value 99, which is not there"},
    {"producer erased", [](Graph& g) { g.EraseNode(1); },
     "node 'z' (If): else_branch: captured value 'a' is not defined by anything"},
    {"cycle", [](Graph& g) { g.node(1).inputs[0] = g.FindValue("a"); },
     "node 'a' (Add): is on a cycle: it reads a value that depends on its own output"},
    {"missing subgraph", [](Graph& g) { g.node(2).subgraphs.pop_back(); },
     "node 'z' (If): required subgraph 'else_branch' is missing"},
    {"captures do not match", [](Graph& g) { g.node(2).subgraphs[0].captured.clear(); },
     "node 'z' (If): subgraph 'then_branch' captures 0 values, its body expects 1"},
    {"fault in a subgraph", [](Graph& g) { g.node(2).subgraphs[1].body->set_output(0, 7); },
     "node 'z' (If): else_branch: graph output 0 is value 7, which is not there"},
    {"foreign symbols",
     [](Graph& g) {
       g.node(2).subgraphs[1].body = std::make_shared<Graph>(Graph(*g.node(2).subgraphs[1].body));
     },
     "node 'z' (If): else_branch: does not share the symbols of its graph"},
    {"state never written", [](Graph& g) { g.SetStateWritten(0, kNoValue); },
     "state 's' is never updated"},
    {"state of another type", [](Graph& g) { g.SetStateWritten(0, g.FindValue("k")); },
     "state 's' is f32 2, but is updated with i64 2"},
    {"undefined output", [](Graph& g) { g.set_output(1, kNoValue); },
     "graph output 1 is value -1, which is not there"},
};

TEST(Verify, AcceptsASoundGraph) { EXPECT_EQ(Verify(Sound()), OkStatus()); }

TEST(Verify, NamesEachFault) {
  for (const Fault& fault : kFaults) {
    Graph graph = Sound();
    fault.make(graph);
    EXPECT_EQ(Verify(graph).message(), fault.message) << fault.name;
  }
}

TEST(Verify, RefusesDeepNesting) {
  auto innermost = std::make_shared<Graph>();
  Graph graph(innermost->shared_symbols());
  for (int depth = 0; depth < kMaxSubgraphDepth + 1; ++depth) {
    auto outer = std::make_shared<Graph>(innermost->shared_symbols());
    const ValueId n = outer->AddConstant("n", Tensor::Scalar<std::int64_t>(1));
    const NodeId loop = outer->AddNodeNamed(TinyOps().Find("", "Loop"), {n, n}, {"y"}, {}, "loop");
    outer->node(loop).subgraphs.push_back({"body", innermost, {}});
    innermost = outer;
  }
  EXPECT_TRUE(Verify(*innermost).message().find("subgraphs nest deeper than 8") !=
              std::string::npos);
}

TEST(TypeAllowed, KnowsSetsTypesAndVariables) {
  EXPECT_TRUE(TypeAllowed("float", DType::kBFloat16));
  EXPECT_FALSE(TypeAllowed("float", DType::kInt8));
  EXPECT_TRUE(TypeAllowed("T=float|u8", DType::kUInt8));
  EXPECT_FALSE(TypeAllowed("T=float|u8", DType::kInt8));
  EXPECT_TRUE(TypeAllowed("T", DType::kString));
  EXPECT_FALSE(TypeAllowed("number", DType::kBool));
  EXPECT_FALSE(TypeAllowed("int", DType::kInt4));
  EXPECT_TRUE(TypeAllowed("i8|int4", DType::kUInt4));
  EXPECT_TRUE(TypeAllowed("index", DType::kInt32));
  EXPECT_FALSE(TypeAllowed("signed", DType::kUInt8));
  EXPECT_TRUE(TypeAllowed("bool", DType::kUndefined));
}

}  // namespace
}  // namespace plumb
