// A pass is a function from graph to graph. passes.def lists them in the order they run.
#pragma once

#include <span>
#include <string_view>

#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb::engine {

// Returns whether it changed the graph. The graph is inferred and verified before, and its new
// nodes are inferred after.
using PassFn = StatusOr<bool> (*)(Graph& graph, const OpTable& ops);

struct Pass {
  std::string_view name;
  PassFn run;
};

// Every pass, in order of passes.def.
std::span<const Pass> AllPasses();
const Pass* FindPass(std::string_view name);  // null: unknown

// Every use of `from` becomes a use of `to`, which takes over the name where `from` is an output of
// the graph: callers know outputs by name.
void ReplaceValue(Graph& graph, ValueId from, ValueId to);

// Runs all passes in turn until none changes the graph (bounded rounds), removing dead nodes
// between them, and does the same with the graphs of branches and loops first.
Status Optimize(Graph& graph, const OpTable& ops);

}  // namespace plumb::engine
