// A pass is a function from graph to graph. passes.def lists them in the order they run.
#pragma once

#include <span>
#include <string_view>

#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb::engine {

// What passes may ask beside the graph.
struct PassContext {
  const OpTable& ops;
  DType precision = DType::kUndefined;  // CompileOptions::precision
};

// Returns whether it changed the graph. The graph is inferred and verified before, and its new
// nodes are inferred after.
using PassFn = StatusOr<bool> (*)(Graph& graph, const PassContext& context);

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

// Runs the passes in order until none changes the graph (a bounded number of changes), removing
// dead nodes between them. A pass runs when those before it have nothing left to do, so that a
// fusion hides nothing from folding. Graphs of branches and loops come first.
Status Optimize(Graph& graph, const PassContext& context);

}  // namespace plumb::engine
