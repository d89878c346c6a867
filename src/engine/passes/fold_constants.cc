// Replaces what is known before anything runs by constants: nodes whose inputs are all constant,
// and integer values whose elements shape arithmetic knows for every shape.
#include <algorithm>

#include "engine/passes/pass.h"

namespace plumb::engine {
namespace {

// A folded tensor is kept with the model: what grows beyond this is better computed when needed.
constexpr std::int64_t kMaxFoldedBytes = 64 << 20;

bool AllConstant(const Graph& graph, const Node& node) {
  return std::all_of(node.inputs.begin(), node.inputs.end(),
                     [&](ValueId v) { return v == kNoValue || graph.IsConstant(v); });
}

bool Small(const Graph& graph, const Node& node) {
  std::int64_t in = 0;
  for (ValueId v : node.inputs) {
    if (v != kNoValue) in += graph.value(v).constant.bytes();
  }
  for (ValueId v : node.outputs) {
    if (v == kNoValue) continue;
    const ValueInfo& info = graph.value(v).info;
    if (!info.dims || info.dtype == DType::kUndefined) return false;
    const std::optional<Shape> shape = ConcreteShape(*info.dims);
    if (!shape) return false;
    const std::int64_t bytes = StorageBytes(info.dtype, NumElements(*shape));
    if (bytes > kMaxFoldedBytes || bytes > std::max<std::int64_t>(2 * in, 1 << 20)) return false;
  }
  return true;
}

// Elements known for every shape, as a constant; undefined when they are not.
Tensor KnownElements(const ValueInfo& info) {
  if (!info.content || !info.dims || !IsInteger(info.dtype)) return {};
  const std::optional<Shape> shape = ConcreteShape(*info.dims);
  if (!shape) return {};
  std::vector<std::int64_t> elements;
  for (const Dim& dim : *info.content) {
    if (!dim.is_constant()) return {};
    elements.push_back(dim.value());
  }
  if (static_cast<std::int64_t>(elements.size()) != NumElements(*shape)) return {};
  return FromInt64s(info.dtype, *shape, elements);
}

}  // namespace

StatusOr<bool> FoldConstants(Graph& graph, const PassContext&) {
  bool changed = false;
  PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph.TopologicalOrder());
  for (NodeId id : order) {
    const Node& node = graph.node(id);
    if (node.op->random || !node.subgraphs.empty()) continue;
    std::vector<Tensor> results(node.outputs.size());
    bool all_known = true;
    for (std::size_t o = 0; o < node.outputs.size(); ++o) {
      if (node.outputs[o] == kNoValue) continue;
      results[o] = KnownElements(graph.value(node.outputs[o]).info);
      all_known = all_known && results[o].defined();
    }
    if (!all_known) {
      if (!AllConstant(graph, node) || !Small(graph, node)) continue;
      std::vector<Tensor> inputs;
      for (ValueId v : node.inputs) {
        inputs.push_back(v == kNoValue ? Tensor() : graph.value(v).constant);
      }
      ReferenceContext context(node, inputs);
      // An error of the operator belongs to the run that meets it, which may never come.
      if (!node.op->reference(context).ok()) continue;
      results = std::move(context.outputs);
    }
    const std::vector<ValueId> outputs = node.outputs;  // the node moves when values are added
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      if (outputs[o] == kNoValue) continue;
      const ValueId constant =
          graph.AddConstant(std::string(graph.value(outputs[o]).name), results[o]);
      ReplaceValue(graph, outputs[o], constant);
    }
    graph.EraseNode(id);
    changed = true;
  }
  return changed;
}

}  // namespace plumb::engine
