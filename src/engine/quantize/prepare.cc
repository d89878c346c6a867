#include "engine/quantize/prepare.h"

#include <algorithm>
#include <optional>

#include "engine/passes/pass.h"
#include "graph/infer.h"

namespace plumb::engine {
namespace {

// The standard operator that `fused` is with an epilogue; null: none.
const OpDef* PlainForm(const OpTable& ops, const OpDef& fused) {
  if (fused.domain.empty()) return nullptr;
  for (const OpDef* op : ops.all()) {
    if (op->domain.empty() && op->fused_form == fused.name) return op;
  }
  return nullptr;
}

// Index of the input "scale"; -1: none.
int ScaleInput(const OpDef& fused) {
  const auto found = std::ranges::find(fused.inputs, "scale", &Formal::name);
  return found == fused.inputs.end() ? -1 : static_cast<int>(found - fused.inputs.begin());
}

// Multiplies the scale of each output channel into the weight, so that the plain form remains.
void Unscale(Graph& graph, NodeId id, const OpDef* plain, int scale_input) {
  Node& node = graph.node(id);
  const std::string name = graph.value(node.inputs[1]).name;
  Tensor weight = graph.value(node.inputs[1]).constant.Clone();
  const int axis = plain->weight_axis(node, weight.rank()).value_or(0);
  const Tensor& scale = graph.value(node.inputs[static_cast<std::size_t>(scale_input)]).constant;
  std::int64_t inner = 1;
  for (int k = axis + 1; k < weight.rank(); ++k) inner *= weight.shape()[k];
  const auto values = weight.mutable_data<float>();
  const auto scales = scale.data<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int64_t channel = static_cast<std::int64_t>(i) / inner % weight.shape()[axis];
    values[i] *= scales[scales.size() == 1 ? 0 : static_cast<std::size_t>(channel)];
  }
  node.op = plain;
  node.inputs.resize(plain->inputs.size());
  node.inputs[1] = graph.AddConstant(name + "_scaled", std::move(weight));
}

void RestorePlainForms(Graph& graph, const OpTable& ops) {
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    if (node.erased) continue;
    const OpDef* plain = PlainForm(ops, *node.op);
    const int scale = ScaleInput(*node.op);
    if (plain == nullptr || plain->weight_axis == nullptr || scale < 0) continue;
    // More than a scale: folding did not make it.
    const bool more = node.input(3) != kNoValue || node.attrs.Has("activation");
    if (more || graph.value(node.input(1)).info.dtype != DType::kFloat32) continue;
    if (graph.IsConstant(node.input(1)) && graph.IsConstant(node.input(scale))) {
      Unscale(graph, id, plain, scale);
    }
  }
}

}  // namespace

Status PrepareToQuantize(Graph& graph, const OpTable& ops) {
  const PassContext context{ops};
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::string_view name : {"FoldConstants", "FoldAffine"}) {
      PLUMB_ASSIGN_OR_RETURN(const bool this_one, FindPass(name)->run(graph, context));
      changed = changed || this_one;
      graph.RemoveDeadNodes();
    }
    PLUMB_RETURN_IF_ERROR(InferGraph(graph));
  }
  RestorePlainForms(graph, ops);
  return InferGraph(graph);
}

}  // namespace plumb::engine
