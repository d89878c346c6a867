// Moves what follows a convolution or matrix product into it: the addition of a bias or of another
// tensor, then an activation, in the order in which the fused operator computes them:
// y = act(product + bias + residual).
#include "engine/passes/pass.h"
#include "kernels/eltwise/eltwise.h"

namespace plumb::engine {
namespace {

int InputNamed(const OpDef& op, std::string_view name) {
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    if (op.inputs[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

bool HasAttr(const OpDef& op, std::string_view name) {
  for (const AttrDef& attr : op.attrs) {
    if (attr.name == name) return true;
  }
  return false;
}

// The fused operator that the node is or may become; null when there is none.
const OpDef* FusedOp(const Node& node, const OpTable& ops) {
  if (!node.op->fused_form.empty()) return ops.Find("plumb", node.op->fused_form);
  return node.op->domain == "plumb" && HasAttr(*node.op, "activation") ? node.op : nullptr;
}

bool HasActivation(const Node& node) {
  return node.attrs.Has("activation") && !node.attrs.String("activation", "").empty();
}

bool IsAddition(const OpDef& op) {
  return op.elementwise && op.elementwise_code == static_cast<int>(kernels::EltOp::kAdd);
}

bool SameDims(const Graph& graph, ValueId a, ValueId b) {
  const auto& x = graph.value(a).info;
  const auto& y = graph.value(b).info;
  return x.dims && y.dims && *x.dims == *y.dims && x.dtype == y.dtype;
}

// One candidate: `id` consumes `product`, made by a node that has room for it.
class Fusion {
 public:
  Fusion(Graph& graph, const OpTable& ops) : graph_(graph), ops_(ops), uses_(graph) {}

  bool Try(NodeId id) {
    const Node& node = graph_.node(id);
    if (node.outputs.size() != 1) return false;
    if (node.op->as_activation != nullptr) return TryActivation(id);
    return IsAddition(*node.op) && (TryAddition(id, 0) || TryAddition(id, 1));
  }

 private:
  // The producer of `value` when it is, or may become, a fused operator without an activation.
  NodeId Producer(ValueId value) const {
    if (value == kNoValue || !uses_.has_single_use(value)) return kNoNode;
    const NodeId producer = graph_.value(value).producer;
    if (producer == kNoNode || graph_.node(producer).outputs.size() != 1) return kNoNode;
    const Node& node = graph_.node(producer);
    const bool free = FusedOp(node, ops_) != nullptr && !HasActivation(node);
    return free && graph_.value(value).info.dtype == DType::kFloat32 ? producer : kNoNode;
  }

  // `producer` becomes its fused operator and takes over the output of `consumer`.
  Node& Fuse(NodeId producer, NodeId consumer) {
    const ValueId out = graph_.node(consumer).outputs[0];
    Node& node = graph_.node(producer);
    node.op = FusedOp(node, ops_);
    const ValueId product = node.outputs[0];
    ReplaceValue(graph_, out, product);
    graph_.EraseNode(consumer);
    return graph_.node(producer);
  }

  bool TryActivation(NodeId id) {
    const Node& node = graph_.node(id);
    const NodeId producer = Producer(node.input(0));
    if (producer == kNoNode) return false;
    const std::optional<EpilogueActivation> activation = node.op->as_activation(graph_, node);
    if (!activation) return false;
    Node& fused = Fuse(producer, id);
    fused.attrs.Set("activation", std::string(activation->name));
    fused.attrs.Set("activation_alpha", activation->alpha);
    fused.attrs.Set("activation_beta", activation->beta);
    return true;
  }

  bool TryAddition(NodeId id, int side) {
    const ValueId product = graph_.node(id).input(side);
    const ValueId other = graph_.node(id).input(1 - side);
    const NodeId producer = Producer(product);
    if (producer == kNoNode || other == product) return false;
    const OpDef& op = *FusedOp(graph_.node(producer), ops_);
    if (op.integer_product) return false;  // what it adds are integers, in steps of their own
    int slot = -1;
    if (IsRow(other, product)) slot = InputNamed(op, "bias");
    const bool bias_free = slot >= 0 && graph_.node(producer).input(slot) == kNoValue &&
                           graph_.node(producer).input(InputNamed(op, "residual")) == kNoValue;
    if (!bias_free) {
      slot = InputNamed(op, "residual");
      if (slot < 0 || graph_.node(producer).input(slot) != kNoValue) return false;
      if (!SameDims(graph_, other, graph_.node(id).outputs[0]) ||
          !SameDims(graph_, other, product)) {
        return false;
      }
    }
    Node& fused = Fuse(producer, id);
    if (static_cast<int>(fused.inputs.size()) <= slot) {
      fused.inputs.resize(static_cast<std::size_t>(slot) + 1, kNoValue);
    }
    fused.inputs[static_cast<std::size_t>(slot)] = other;
    return true;
  }

  // A constant vector along the last axis of a matrix product.
  bool IsRow(ValueId other, ValueId product) const {
    if (!graph_.IsConstant(other) || !graph_.value(product).info.dims) return false;
    const Tensor& tensor = graph_.value(other).constant;
    const DimVector& dims = *graph_.value(product).info.dims;
    return tensor.rank() == 1 && !dims.empty() && dims.back() == Dim(tensor.shape()[0]) &&
           tensor.dtype() == DType::kFloat32;
  }

  Graph& graph_;
  const OpTable& ops_;
  Uses uses_;
};

}  // namespace

StatusOr<bool> FuseEpilogue(Graph& graph, const PassContext& context) {
  const OpTable& ops = context.ops;
  bool changed = false;
  PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph.TopologicalOrder());
  // Each fusion changes who reads what: the uses are taken anew after it.
  for (NodeId id : order) {
    const Node& node = graph.node(id);
    if (node.erased || (node.op->as_activation == nullptr && !IsAddition(*node.op))) continue;
    if (Fusion(graph, ops).Try(id)) changed = true;
  }
  return changed;
}

}  // namespace plumb::engine
