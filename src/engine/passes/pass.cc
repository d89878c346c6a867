#include "engine/passes/pass.h"

#include <algorithm>

#include "core/check.h"
#include "graph/infer.h"

namespace plumb::engine {

#define PLUMB_PASS(Name, file) StatusOr<bool> Name(Graph& graph, const PassContext& context);
#include "engine/passes/passes.def"
#undef PLUMB_PASS

namespace {

constexpr Pass kPasses[] = {
#define PLUMB_PASS(Name, file) {#Name, &Name},
#include "engine/passes/passes.def"
#undef PLUMB_PASS
};

// Changes of a graph by one pass. Most settle after a few; shape arithmetic that goes through
// tensors uncovers a link of its chain with each. What is left then stays as it is.
constexpr int kMaxChanges = 256;

}  // namespace

std::span<const Pass> AllPasses() { return kPasses; }

const Pass* FindPass(std::string_view name) {
  for (const Pass& pass : kPasses) {
    if (pass.name == name) return &pass;
  }
  return nullptr;
}

void ReplaceValue(Graph& graph, ValueId from, ValueId to) {
  const auto& outputs = graph.outputs();
  const bool is_output = std::find(outputs.begin(), outputs.end(), from) != outputs.end();
  graph.ReplaceUses(from, to);
  if (!is_output) return;
  const std::string name = graph.value(from).name;
  graph.RenameValue(from, graph.UniqueName(name));
  graph.RenameValue(to, name);
}

Status Optimize(Graph& graph, const PassContext& context) {
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (graph.node(id).erased) continue;
    for (Subgraph& sub : graph.node(id).subgraphs) {
      PLUMB_RETURN_IF_ERROR(Optimize(*sub.body, context));
    }
  }
  int changes[std::size(kPasses)] = {};
  for (std::size_t i = 0; i < std::size(kPasses);) {
    const Pass& pass = kPasses[i];
    if (changes[i] >= kMaxChanges) {
      ++i;
      continue;
    }
    StatusOr<bool> changed = pass.run(graph, context);
    if (!changed.ok()) return Annotate(changed.status(), absl::StrCat("pass ", Str(pass.name)));
    if (!*changed) {
      ++i;
      continue;
    }
    graph.RemoveDeadNodes();
    const Status inferred = InferGraph(graph);
    if (!inferred.ok()) return Annotate(inferred, absl::StrCat("after pass ", Str(pass.name)));
    ++changes[i];
    i = 0;
  }
  return OkStatus();
}

}  // namespace plumb::engine
