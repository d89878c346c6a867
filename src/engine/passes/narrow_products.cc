// Products in bf16: convolutions and matrix products with constant weights multiply bf16 and sum in
// fp32, and what lies between operators that take bf16 is stored so. Casts stand where types meet,
// and fuse with the elementwise operators around them.
#include <set>

#include "engine/passes/narrow_form.h"
#include "engine/passes/pass.h"
#include "graph/builder.h"
#include "ops/element_type.h"
#include "ops/eltwise_program.h"

namespace plumb::engine {
namespace {

class Narrowing {
 public:
  Narrowing(Graph& graph, const PassContext& context)
      : graph_(graph), context_(context), uses_(graph) {}

  // Marks products; true when there was one.
  bool MarkProducts() {
    for (NodeId id = 0; id < graph_.num_nodes(); ++id) {
      Node& node = graph_.node(id);
      if (node.erased) continue;
      const OpDef* op = NarrowForm(context_.ops, *node.op);
      if (op == nullptr || node.attrs.Has("precision")) continue;
      if (!HasFloatWeight(graph_, node)) continue;
      if (IsDepthwise(graph_, node)) followers_.insert(id);
      if (!GainsFromNarrow(graph_, node)) continue;
      node.op = op;
      node.attrs.Set("precision", std::string("bf16"));
      products_.insert(id);
    }
    return !products_.empty();
  }

  Status StoreNarrow() {
    ChooseValues();
    const std::set<ValueId> chosen = values_;
    for (const ValueId v : chosen) graph_.value(v).info.dtype = DType::kBFloat16;
    for (const NodeId id : followers_) {
      Node& node = graph_.node(id);
      if (!chosen.contains(node.outputs[0])) continue;
      node.op = NarrowForm(context_.ops, *node.op);
      node.attrs.Set("precision", std::string("bf16"));
    }
    for (const NodeId id : products_) {
      Node& node = graph_.node(id);
      const DType type = graph_.value(node.outputs[0]).info.dtype;
      node.attrs.Set("output_dtype", ops::CodeOfElementType(type));
    }
    for (const ValueId v : chosen) PLUMB_RETURN_IF_ERROR(Store(v));
    return OkStatus();
  }

 private:
  bool IsFloat(ValueId v) const {
    return v != kNoValue && graph_.value(v).info.dtype == DType::kFloat32;
  }

  // Asked while all types are what they were.
  void FindElementwise() {
    for (NodeId id = 0; id < graph_.num_nodes(); ++id) {
      const Node& node = graph_.node(id);
      if (node.erased || !node.op->elementwise || node.op->random || node.outputs.size() != 1) {
        continue;
      }
      std::vector<DType> types;
      for (const ValueId v : node.inputs) {
        types.push_back(v == kNoValue ? DType::kUndefined : graph_.value(v).info.dtype);
      }
      if (ops::CanWriteEltwise(node, types)) elementwise_.insert(id);
    }
  }
  bool IsElementwise(NodeId id) const { return elementwise_.contains(id); }

  // The type of its inputs is that of its outputs.
  bool Follows(NodeId id) const {
    return followers_.contains(id) || KeepsType(*graph_.node(id).op);
  }

  bool AllIn(const std::vector<ValueId>& values) const {
    for (const ValueId v : values) {
      if (IsFloat(v) && !values_.contains(v)) return false;
    }
    return true;
  }
  bool KeepsNarrow(NodeId id) const {
    const Node& node = graph_.node(id);
    if (followers_.contains(id)) {
      return AllIn({node.input(0), node.input(kResidualInput)}) && AllIn(node.outputs);
    }
    return AllIn(graph_.node(id).inputs) && AllIn(graph_.node(id).outputs);
  }

  bool Takes(const Uses::Use& use) const {
    if (use.node == kNoNode) return false;
    const std::size_t inputs = graph_.node(use.node).inputs.size();
    if (static_cast<std::size_t>(use.index) >= inputs) return false;  // captured by a branch
    const bool product = products_.contains(use.node) || followers_.contains(use.node);
    if (product && use.index != 0 && use.index != kResidualInput) return false;
    if (products_.contains(use.node)) return true;
    return IsElementwise(use.node) || (Follows(use.node) && KeepsNarrow(use.node));
  }

  bool Gives(ValueId v) const {
    const NodeId producer = graph_.value(v).producer;
    if (producer == kNoNode) return false;
    if (products_.contains(producer)) return true;
    if (Follows(producer)) return KeepsNarrow(producer);
    if (!IsElementwise(producer)) return false;
    // Between elementwise operators there is no memory.
    for (const Uses::Use& use : uses_.of(v)) {
      if (use.node == kNoNode || !IsElementwise(use.node)) return true;
    }
    return false;
  }

  bool Holds(ValueId v) const {
    if (uses_.is_graph_output(v) || !Gives(v)) return false;
    for (const Uses::Use& use : uses_.of(v)) {
      if (!Takes(use)) return false;
    }
    return true;
  }

  // The largest set of values that all their producers and readers agree on.
  void ChooseValues() {
    FindElementwise();
    for (ValueId v = 0; v < graph_.num_values(); ++v) {
      if (IsFloat(v) && !graph_.IsConstant(v) && graph_.value(v).producer != kNoNode &&
          !graph_.node(graph_.value(v).producer).erased) {
        values_.insert(v);
      }
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (auto at = values_.begin(); at != values_.end();) {
        if (Holds(*at)) {
          ++at;
          continue;
        }
        at = values_.erase(at);
        changed = true;
      }
    }
  }

  StatusOr<ValueId> CastOf(ValueId v, DType type) {
    GraphBuilder builder(&graph_, &context_.ops);
    AttrMap attrs;
    attrs.Set("to", ops::CodeOfElementType(type));
    const ValueId result = builder.Call("Cast", {v}, attrs);
    PLUMB_RETURN_IF_ERROR(builder.status());
    return result;
  }

  Status Store(ValueId v) {
    const NodeId producer = graph_.value(v).producer;
    ValueId stored = v;
    const std::vector<Uses::Use> uses(uses_.of(v).begin(), uses_.of(v).end());
    if (IsElementwise(producer)) {
      graph_.value(v).info.dtype = DType::kFloat32;
      PLUMB_ASSIGN_OR_RETURN(stored, CastOf(v, DType::kBFloat16));
    }
    for (const Uses::Use& use : uses) {
      ValueId read = stored;
      if (IsReader(use.node)) {
        PLUMB_ASSIGN_OR_RETURN(read, CastOf(stored, DType::kFloat32));
      }
      graph_.node(use.node).inputs[static_cast<std::size_t>(use.index)] = read;
    }
    return OkStatus();
  }

  // Whether the node computes in fp32 on what it reads.
  bool IsReader(NodeId id) const { return !products_.contains(id) && !Follows(id); }

  Graph& graph_;
  const PassContext& context_;
  Uses uses_;
  std::set<NodeId> products_;
  std::set<NodeId> followers_;  // depthwise convolutions
  std::set<NodeId> elementwise_;
  std::set<ValueId> values_;
};

}  // namespace

StatusOr<bool> NarrowProducts(Graph& graph, const PassContext& context) {
  if (context.precision != DType::kBFloat16) return false;
  Narrowing narrowing(graph, context);
  if (!narrowing.MarkProducts()) return false;
  PLUMB_RETURN_IF_ERROR(narrowing.StoreNarrow());
  return true;
}

}  // namespace plumb::engine
