// Folds y = scale * x + shift per channel (batch normalisation, a multiplication or addition of a
// constant) into the constants of the operator that made x, where that operator can take it.
#include "engine/passes/pass.h"

namespace plumb::engine {

StatusOr<bool> FoldAffine(Graph& graph, const PassContext&) {
  bool changed = false;
  PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph.TopologicalOrder());
  for (NodeId id : order) {
    const Node& node = graph.node(id);
    if (node.erased || node.op->as_affine == nullptr || node.outputs.empty()) continue;
    const std::optional<ChannelAffine> affine = node.op->as_affine(graph, node);
    if (!affine) continue;
    // The tensor that is scaled: the one input that is not constant.
    ValueId x = kNoValue;
    for (ValueId v : node.inputs) {
      if (v != kNoValue && !graph.IsConstant(v)) x = v;
    }
    if (x == kNoValue || graph.value(x).producer == kNoNode) continue;
    const NodeId producer = graph.value(x).producer;
    const OpDef& op = *graph.node(producer).op;
    if (op.absorb_affine == nullptr || !Uses(graph).has_single_use(x)) continue;
    if (!op.absorb_affine(graph, producer, *affine)) continue;
    ReplaceValue(graph, graph.node(id).outputs[0], x);
    graph.EraseNode(id);
    changed = true;
  }
  return changed;
}

}  // namespace plumb::engine
