// What is y = scale * x + shift per channel and could not be folded becomes a multiplication and an
// addition, which fuse with the elementwise operators around them.
#include "engine/passes/pass.h"
#include "graph/builder.h"

namespace plumb::engine {
namespace {

// [channels, 1, ...]: broadcast along the axes behind the channels.
Tensor PerChannel(const std::vector<float>& values, int rank) {
  Shape shape(std::max(rank - 1, 1), 1);
  shape[0] = static_cast<std::int64_t>(values.size());
  return Tensor::FromVector<float>(shape, values);
}

}  // namespace

StatusOr<bool> ExpandAffine(Graph& graph, const PassContext& context) {
  const OpTable& ops = context.ops;
  bool changed = false;
  const Uses uses(graph);
  PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph.TopologicalOrder());
  for (NodeId id : order) {
    const Node& node = graph.node(id);
    if (node.op->as_affine == nullptr || node.op->elementwise) continue;
    const std::optional<ChannelAffine> affine = node.op->as_affine(graph, node);
    const ValueId x = node.input(0);
    const ValueId y = node.output(0);
    if (!affine || !graph.value(x).info.dims || graph.value(x).info.dtype != DType::kFloat32) {
      continue;
    }
    // Worth it only where something elementwise takes it up.
    bool fuses = false;
    for (const Uses::Use& use : uses.of(y)) {
      fuses = fuses || (use.node != kNoNode && graph.node(use.node).op->elementwise);
    }
    if (!fuses) continue;
    const int rank = static_cast<int>(graph.value(x).info.dims->size());
    GraphBuilder builder(&graph, &ops);
    const ValueId scaled =
        builder.Call("Mul", {x, builder.Constant(PerChannel(affine->scale, rank), "scale")});
    const ValueId shifted =
        builder.Call("Add", {scaled, builder.Constant(PerChannel(affine->shift, rank), "shift")});
    PLUMB_RETURN_IF_ERROR(builder.status());
    ReplaceValue(graph, y, shifted);
    graph.EraseNode(id);
    changed = true;
  }
  return changed;
}

}  // namespace plumb::engine
