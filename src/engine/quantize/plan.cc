#include "engine/quantize/plan.h"

#include <algorithm>
#include <numeric>

#include "kernels/eltwise/eltwise.h"

namespace plumb::engine {
namespace {

class Planner {
 public:
  Planner(const Graph& graph, const QuantizeOptions& options)
      : graph_(graph), options_(options), uses_(graph) {
    plan_.group.resize(static_cast<std::size_t>(graph.num_values()));
    std::iota(plan_.group.begin(), plan_.group.end(), 0);
  }

  StatusOr<QuantizePlan> Run() {
    PLUMB_RETURN_IF_ERROR(CheckNames());
    PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph_.TopologicalOrder());
    FindGains(order);
    for (const NodeId id : order) AddLayer(id);
    std::vector<NodeId> movers;
    for (const NodeId id : order) {
      if (IsMover(id)) movers.push_back(id);
    }
    for (const NodeId id : movers) {
      for (const ValueId v : graph_.node(id).inputs) {
        if (IsActivation(v)) Join(v, graph_.node(id).outputs[0]);
      }
      for (const ValueId v : graph_.node(id).outputs) Join(v, graph_.node(id).outputs[0]);
    }
    ChooseValues(order);
    for (const NodeId id : movers) {
      if (chosen_.contains(Root(graph_.node(id).outputs[0]))) plan_.movers.push_back(id);
    }
    for (ValueId v = 0; v < graph_.num_values(); ++v) {
      plan_.group[static_cast<std::size_t>(v)] = Root(v);
    }
    return std::move(plan_);
  }

 private:
  bool IsFloat(ValueId v) const {
    return v != kNoValue && graph_.value(v).info.dtype == DType::kFloat32;
  }
  bool IsActivation(ValueId v) const { return IsFloat(v) && !graph_.IsConstant(v); }

  static bool Contains(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  Status CheckNames() const {
    for (const std::string& name : options_.exclude) {
      if (!graph_.HasNode(name)) return NotFound("no node '", name, "' to exclude");
    }
    for (const std::string& name : options_.operators) {
      bool found = false;
      for (NodeId id = 0; id < graph_.num_nodes() && !found; ++id) {
        const OpDef& op = *graph_.node(id).op;
        const bool takes_part = op.weight_axis != nullptr || op.quantizable || Moves(op);
        found = !graph_.node(id).erased && op.name == name && takes_part;
      }
      if (!found) return NotFound("no operator '", name, "' that can be quantised");
    }
    for (NodeId id = 0; id < graph_.num_nodes(); ++id) {
      const Node& node = graph_.node(id);
      if (node.erased || node.op->quantizing == Quantizing::kNo) continue;
      return InvalidArgument("quantised already: node '", node.name, "' is a ", Str(node.op->name),
                             "; expected a float model");
    }
    return OkStatus();
  }

  static bool Moves(const OpDef& op) { return op.movement != nullptr || op.picks_elements; }

  bool Allowed(NodeId id) const {
    const Node& node = graph_.node(id);
    if (Contains(options_.exclude, node.name)) return false;
    return options_.operators.empty() || Contains(options_.operators, node.op->name);
  }

  // Additions and pooling gain by integers where a product reads what becomes of their result: from
  // the end of the graph, which values reach one through what works on integers.
  void FindGains(const std::vector<NodeId>& order) {
    std::set<ValueId> reaches;
    for (auto at = order.rbegin(); at != order.rend(); ++at) {
      const Node& node = graph_.node(*at);
      if (!Allowed(*at)) continue;
      QuantizeLayer layer{.node = *at};
      if (node.op->weight_axis != nullptr) {
        if (IsProduct(node, &layer)) reaches.insert(node.inputs[0]);
        continue;
      }
      const bool passes = IsMover(*at) || Clips(node) || IsQuantizable(node);
      const bool reached =
          std::ranges::any_of(node.outputs, [&](ValueId v) { return reaches.contains(v); });
      const bool asked = IsQuantizable(node) && !options_.operators.empty();
      if (!asked && !(passes && reached)) continue;
      reaches.insert(node.inputs.begin(), node.inputs.end());
      if (IsQuantizable(node)) gains_.insert(*at);
    }
  }

  bool IsQuantizable(const Node& node) const {
    return node.op->quantizable && node.outputs.size() == 1 && IsFloat(node.outputs[0]) &&
           std::ranges::all_of(node.inputs, [&](ValueId v) { return IsActivation(v); });
  }

  bool Clips(const Node& node) const {
    if (node.op->as_activation == nullptr) return false;
    const auto activation = node.op->as_activation(graph_, node);
    return activation && (activation->name == "relu" || activation->name == "clip");
  }

  void AddLayer(NodeId id) {
    const Node& node = graph_.node(id);
    if (!Allowed(id) || node.outputs.size() != 1 || !IsFloat(node.outputs[0])) return;
    QuantizeLayer layer{.node = id};
    if (node.op->weight_axis != nullptr) {
      if (!IsProduct(node, &layer)) return;
      read_.insert(node.inputs[0]);
    } else if (gains_.contains(id)) {
      read_.insert(node.inputs.begin(), node.inputs.end());
    } else {
      return;
    }
    layer.result = ResultOf(node);
    // Runtimes convolve in integers only where the result becomes integers too; a matrix product
    // may end in real numbers, which floats that follow would rather have.
    const bool matrix = layer.product && graph_.value(node.inputs[1]).constant.rank() == 2;
    if (!matrix) made_.insert(layer.result);
    plan_.layers.push_back(layer);
  }

  // Whether the layer's node has a weight and a bias that can be quantised; fills its axis.
  bool IsProduct(const Node& node, QuantizeLayer* layer) const {
    const ValueId w = node.input(1), bias = node.input(2);
    if (!IsActivation(node.input(0)) || !IsFloat(w) || !graph_.IsConstant(w)) return false;
    const Shape& shape = graph_.value(w).constant.shape();
    const std::optional<int> axis = node.op->weight_axis(node, shape.rank());
    if (!axis || shape.rank() < 2 || NumElements(shape) == 0) return false;
    // What the engine itself multiplies in floats is worth it only where somebody asks for it.
    if (node.op->quantized_form.empty() && options_.operators.empty()) return false;
    layer->product = true;
    layer->weight_axis = *axis;
    if (bias == kNoValue) return true;
    return graph_.IsConstant(bias) &&
           graph_.value(bias).constant.num_elements() == OutputChannels(graph_, *layer);
  }

  ValueId OnlyFollower(ValueId v) const {
    if (!uses_.has_single_use(v) || uses_.of(v)[0].node == kNoNode) return kNoValue;
    const NodeId reader = uses_.of(v)[0].node;
    if (Contains(options_.exclude, graph_.node(reader).name)) return kNoValue;
    const bool one_output = graph_.node(reader).outputs.size() == 1;
    return one_output ? graph_.node(reader).outputs[0] : kNoValue;
  }

  // After a constant addition and an activation, which fuse with the product.
  ValueId ResultOf(const Node& node) const {
    ValueId result = node.outputs[0];
    ValueId next = OnlyFollower(result);
    if (next != kNoValue && node.op->weight_axis != nullptr) {
      const Node& add = graph_.node(graph_.value(next).producer);
      const bool adds = add.op->elementwise_code == static_cast<int>(kernels::EltOp::kAdd);
      if (adds && (graph_.IsConstant(add.input(0)) || graph_.IsConstant(add.input(1)))) {
        result = next;
        next = OnlyFollower(result);
      }
    }
    if (next == kNoValue) return result;
    const Node& follower = graph_.node(graph_.value(next).producer);
    return Clips(follower) ? next : result;
  }

  bool IsMover(NodeId id) const {
    const Node& node = graph_.node(id);
    if (!Moves(*node.op) || !Allowed(id) || node.outputs.empty()) return false;
    if (node.op->picks_elements && node.outputs.size() != 1) return false;
    const auto is_float = [&](ValueId v) { return v == kNoValue || IsFloat(v); };
    return std::all_of(node.outputs.begin(), node.outputs.end(), is_float) &&
           node.outputs[0] != kNoValue &&
           std::any_of(node.inputs.begin(), node.inputs.end(),
                       [&](ValueId v) { return IsActivation(v); });
  }

  ValueId Root(ValueId v) const {
    while (plan_.group[static_cast<std::size_t>(v)] != v) {
      v = plan_.group[static_cast<std::size_t>(v)];
    }
    return v;
  }
  void Join(ValueId a, ValueId b) {
    if (a == kNoValue || b == kNoValue) return;
    a = Root(a), b = Root(b);
    plan_.group[static_cast<std::size_t>(std::max(a, b))] = std::min(a, b);
  }

  void ChooseValues(const std::vector<NodeId>& order) {
    std::set<ValueId> leaves;  // groups that an output of the graph is in
    for (const ValueId v : graph_.outputs()) leaves.insert(Root(v));
    for (const ValueId v : made_) {
      if (!leaves.contains(Root(v))) chosen_.insert(Root(v));
    }
    for (const ValueId v : read_) chosen_.insert(Root(v));
    const auto add = [&](ValueId v) {
      if (v != kNoValue && IsActivation(v) && chosen_.contains(Root(v))) plan_.values.push_back(v);
    };
    for (const ValueId v : graph_.inputs()) add(v);
    for (const State& state : graph_.states()) add(state.read);
    for (const NodeId id : order) {
      for (const ValueId v : graph_.node(id).outputs) add(v);
    }
  }

  const Graph& graph_;
  const QuantizeOptions& options_;
  Uses uses_;
  QuantizePlan plan_;
  std::set<ValueId> read_, made_, chosen_;
  std::set<NodeId> gains_;
};

}  // namespace

std::int64_t OutputChannels(const Graph& graph, const QuantizeLayer& layer) {
  const Node& node = graph.node(layer.node);
  const std::int64_t size = graph.value(node.inputs[1]).constant.shape()[layer.weight_axis];
  return layer.weight_axis == 0 ? size : size * node.attrs.Int("group", 1);
}

StatusOr<QuantizePlan> PlanQuantization(const Graph& graph, const QuantizeOptions& options) {
  return Planner(graph, options).Run();
}

}  // namespace plumb::engine
