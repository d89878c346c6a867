// Makes one node of each group of elementwise nodes whose values nobody else reads: one pass over
// memory instead of one per node.
#include <algorithm>
#include <map>
#include <set>

#include "engine/passes/pass.h"
#include "kernels/eltwise/eltwise.h"
#include "ops/eltwise_program.h"

namespace plumb::engine {
namespace {

constexpr int kMaxGroup = 12;  // nodes; some take several instructions of a program
static_assert(2 * kMaxGroup <= kernels::kMaxEltInstructions);

class Grouping {
 public:
  Grouping(Graph& graph, const OpDef* fused) : graph_(graph), fused_(fused), uses_(graph) {}

  // The group that ends in `sink`: producers join while all their readers are in it.
  std::set<NodeId> Collect(NodeId sink) const {
    std::set<NodeId> group;
    if (!Fusable(sink)) return group;
    group.insert(sink);
    const ValueId result = graph_.node(sink).outputs[0];
    for (bool grown = true; grown && static_cast<int>(group.size()) < kMaxGroup;) {
      grown = false;
      for (NodeId member : std::vector<NodeId>(group.begin(), group.end())) {
        for (ValueId v : graph_.node(member).inputs) {
          if (static_cast<int>(group.size()) >= kMaxGroup) break;
          if (v == kNoValue || !Joins(v, result, group)) continue;
          group.insert(graph_.value(v).producer);
          grown = true;
        }
      }
    }
    return group;
  }

  // False when the kernel has no room for so many operands.
  bool Replace(const std::set<NodeId>& group, NodeId sink) {
    auto body = std::make_shared<Graph>(graph_.shared_symbols());
    body->name = "body";
    std::map<ValueId, ValueId> inside;
    std::vector<ValueId> operands;
    PlaceOperands(group, body.get(), &inside, &operands);
    if (operands.empty() || operands.size() + 1 > kernels::kMaxEltOperands) return false;
    const auto order = graph_.TopologicalOrder();
    if (!order.ok()) return false;
    for (NodeId id : *order) {
      if (!group.contains(id)) continue;
      const Node& node = graph_.node(id);
      std::vector<ValueId> inputs;
      for (ValueId v : node.inputs) inputs.push_back(v == kNoValue ? kNoValue : inside.at(v));
      const NodeId copy = body->AddNode(node.op, inputs, 1, node.attrs, node.name);
      const ValueId out = body->node(copy).outputs[0];
      body->value(out).info = graph_.value(node.outputs[0]).info;
      inside[node.outputs[0]] = out;
    }
    const ValueId old = graph_.node(sink).outputs[0];
    body->AddOutput(inside.at(old));
    const std::string name = graph_.node(sink).name;
    const NodeId fused = graph_.AddNode(fused_, operands, 1, {}, name + "_fused");
    graph_.node(fused).subgraphs.push_back({"body", body, {}});
    const ValueId out = graph_.node(fused).outputs[0];
    graph_.value(out).info = graph_.value(old).info;
    ReplaceValue(graph_, old, out);
    for (NodeId id : group) graph_.EraseNode(id);
    return true;
  }

 private:
  bool Fusable(NodeId id) const {
    const Node& node = graph_.node(id);
    if (node.erased || !node.op->elementwise || node.op == fused_ || node.op->random ||
        node.outputs.size() != 1 || !node.subgraphs.empty()) {
      return false;
    }
    std::vector<DType> types;
    for (ValueId v : node.inputs) {
      types.push_back(v == kNoValue ? DType::kUndefined : graph_.value(v).info.dtype);
    }
    // Shape arithmetic has to stay visible to inference.
    const ValueInfo& info = graph_.value(node.outputs[0]).info;
    return info.dims && !info.content && ops::CanWriteEltwise(node, types);
  }

  bool Joins(ValueId v, ValueId result, const std::set<NodeId>& group) const {
    const NodeId producer = graph_.value(v).producer;
    if (producer == kNoNode || group.contains(producer) || !Fusable(producer)) return false;
    if (graph_.value(v).info.dims != graph_.value(result).info.dims) return false;
    if (uses_.is_graph_output(v)) return false;
    const auto uses = uses_.of(v);
    return std::all_of(uses.begin(), uses.end(),
                       [&](const Uses::Use& use) { return group.contains(use.node); });
  }

  // Scalars become constants of the body, everything else from outside its inputs.
  void PlaceOperands(const std::set<NodeId>& group, Graph* body, std::map<ValueId, ValueId>* inside,
                     std::vector<ValueId>* operands) const {
    for (NodeId id : group) {
      for (ValueId v : graph_.node(id).inputs) {
        if (v == kNoValue || inside->contains(v)) continue;
        const Value& value = graph_.value(v);
        if (group.contains(value.producer)) continue;
        const bool scalar = value.constant.defined() && value.constant.num_elements() == 1 &&
                            value.constant.rank() == 0;
        if (scalar) {
          (*inside)[v] = body->AddConstant(value.name, value.constant);
        } else {
          (*inside)[v] = body->AddInput(value.name, value.info.dtype, value.info.dims);
          operands->push_back(v);
        }
      }
    }
  }

  Graph& graph_;
  const OpDef* fused_;
  Uses uses_;
};

}  // namespace

StatusOr<bool> FuseElementwise(Graph& graph, const PassContext& context) {
  const OpTable& ops = context.ops;
  const OpDef* fused = ops.Find("plumb", "FusedElementwise");
  if (fused == nullptr) return false;
  bool changed = false;
  PLUMB_ASSIGN_OR_RETURN(std::vector<NodeId> order, graph.TopologicalOrder());
  std::reverse(order.begin(), order.end());
  for (NodeId id : order) {
    if (graph.node(id).erased || !graph.node(id).op->elementwise) continue;
    Grouping grouping(graph, fused);
    const std::set<NodeId> group = grouping.Collect(id);
    if (group.size() > 1 && grouping.Replace(group, id)) changed = true;
  }
  return changed;
}

}  // namespace plumb::engine
