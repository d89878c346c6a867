#include "engine/quantize/insert_rounding.h"

#include <algorithm>
#include <map>

#include "engine/passes/narrow_form.h"
#include "graph/infer.h"
#include "graph/verifier.h"
#include "kernels/eltwise/eltwise.h"
#include "ops/cast_element.h"
#include "ops/element_type.h"

namespace plumb::engine {
namespace {

class RoundingWriter {
 public:
  RoundingWriter(Graph& graph, const OpTable& ops, const std::set<std::string>& products)
      : graph_(graph), cast_(ops.Find("", "Cast")) {
    for (NodeId id = 0; id < graph.num_nodes(); ++id) {
      if (!graph.node(id).erased && products.contains(graph.node(id).name)) products_.insert(id);
    }
  }

  Status Run() {
    PLUMB_RETURN_IF_ERROR(ChooseValues());
    for (const ValueId v : values_) PLUMB_RETURN_IF_ERROR(Round(v));
    for (const NodeId id : products_) PLUMB_RETURN_IF_ERROR(RoundWeight(id));
    graph_.RemoveDeadNodes();
    PLUMB_RETURN_IF_ERROR(InferGraph(graph_));
    return Verify(graph_);
  }

 private:
  bool IsActivation(ValueId v) const {
    return v != kNoValue && graph_.value(v).info.dtype == DType::kFloat32 && !graph_.IsConstant(v);
  }
  bool IsDequantised(ValueId v) const {
    const NodeId producer = graph_.value(v).producer;
    return producer != kNoNode && graph_.node(producer).op->quantizing == Quantizing::kDequantizes;
  }
  bool PassesRounding(const Node& node) const {
    return KeepsType(*node.op) && node.op->fill_input < 0 && node.outputs.size() == 1;
  }

  // What products read, and what becomes of it by moving alone, from the end of the graph: what is
  // moved elsewhere too stays exact.
  Status ChooseValues() {
    for (const NodeId id : products_) values_.insert(graph_.node(id).inputs[0]);
    const Uses uses(graph_);
    PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph_.TopologicalOrder());
    for (auto at = order.rbegin(); at != order.rend(); ++at) {
      const Node& node = graph_.node(*at);
      if (!PassesRounding(node) || !values_.contains(node.outputs[0])) continue;
      const auto rounded = [&](const Uses::Use& use) { return ReadsRounded(use); };
      if (uses.is_graph_output(node.outputs[0]) ||
          !std::ranges::all_of(uses.of(node.outputs[0]), rounded)) {
        continue;
      }
      movers_.insert(*at);
      for (const ValueId v : node.inputs) {
        if (IsActivation(v)) values_.insert(v);
      }
    }
    return OkStatus();
  }

  // Products and residual additions, whose error is measured, and what moves values to such alone.
  // Whatever else reads a value gets it as it is: indices, say.
  bool ReadsRounded(const Uses::Use& use) const {
    if (use.node == kNoNode) return false;
    const Node& reader = graph_.node(use.node);
    if (static_cast<std::size_t>(use.index) >= reader.inputs.size()) return false;  // a capture
    const bool product = reader.op->weight_axis != nullptr && use.index == 0;
    const bool addition = reader.op->elementwise_code == static_cast<int>(kernels::EltOp::kAdd);
    return product || addition || movers_.contains(use.node);
  }

  ValueId Cast(ValueId v, DType type, const std::string& name) {
    AttrMap attrs;
    attrs.Set("to", ops::CodeOfElementType(type));
    const std::string unique = graph_.UniqueName(name);
    const NodeId id = graph_.AddNodeNamed(cast_, {v}, {unique}, attrs, unique);
    return graph_.node(id).outputs[0];
  }

  Status Round(ValueId v) {
    const Uses uses(graph_);
    const bool integers = IsDequantised(v);
    const std::string name = graph_.value(v).name;
    const ValueId narrow = Cast(v, DType::kBFloat16, name + "_bf16");
    const ValueId rounded = Cast(narrow, DType::kFloat32, name + "_rounded");
    for (const Uses::Use& use : uses.of(v)) {
      if (!ReadsRounded(use) || (integers && !products_.contains(use.node))) continue;
      graph_.node(use.node).inputs[static_cast<std::size_t>(use.index)] = rounded;
    }
    return OkStatus();
  }

  Status RoundWeight(NodeId id) {
    const ValueId weight = graph_.node(id).inputs[1];
    ValueId& rounded = weights_.try_emplace(weight, kNoValue).first->second;
    if (rounded == kNoValue) {
      const std::string name = graph_.value(weight).name;
      PLUMB_ASSIGN_OR_RETURN(Tensor narrow,
                             ops::CastTensor(graph_.value(weight).constant, DType::kBFloat16));
      rounded = Cast(graph_.AddConstant(graph_.UniqueName(name + "_bf16"), std::move(narrow)),
                     DType::kFloat32, name + "_rounded");
    }
    graph_.node(id).inputs[1] = rounded;
    return OkStatus();
  }

  Graph& graph_;
  const OpDef* cast_;
  std::set<NodeId> products_;
  std::set<ValueId> values_;
  std::set<NodeId> movers_;
  std::map<ValueId, ValueId> weights_;
};

}  // namespace

std::vector<std::string> RoundableProducts(const Graph& graph, const OpTable& ops) {
  std::vector<std::string> names;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    if (node.erased || NarrowForm(ops, *node.op) == nullptr || !HasFloatWeight(graph, node) ||
        graph.IsConstant(node.inputs[0])) {
      continue;
    }
    if (GainsFromNarrow(graph, node) || IsDepthwise(graph, node)) names.emplace_back(node.name);
  }
  return names;
}

Status InsertRounding(Graph& graph, const OpTable& ops, const std::set<std::string>& products) {
  return RoundingWriter(graph, ops, products).Run();
}

}  // namespace plumb::engine
