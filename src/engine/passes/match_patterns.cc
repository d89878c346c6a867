// Replaces groups of nodes that spell out an operator (a layer normalisation by hand, a GELU) by
// the operator: the patterns are the OpDefs'.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/passes/pass.h"
#include "graph/builder.h"
#include "graph/text.h"

namespace plumb::engine {
namespace {

bool CloseTo(const Tensor& a, const Tensor& b) {
  if (a.num_elements() != b.num_elements() || a.num_elements() > 64 ||
      a.dtype() == DType::kString || b.dtype() == DType::kString) {
    return false;
  }
  const std::vector<double> x = ToDoubles(a), y = ToDoubles(b);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::abs(x[i] - y[i]) > 1e-6 * std::max(std::abs(x[i]), std::abs(y[i]))) return false;
  }
  return true;
}

// Attributes that say what leaving them out says.
bool IsNeutral(const std::string& name, const Attr& attr) {
  const auto* value = std::get_if<std::int64_t>(&attr);
  return value != nullptr &&
         ((name == "keepdims" && *value == 1) || (name == "noop_with_empty_axes" && *value == 0));
}

// An axis of a tensor of that rank, counted from the front.
std::int64_t FromFront(std::int64_t axis, const std::optional<DimVector>& dims) {
  return axis < 0 && dims ? axis + static_cast<std::int64_t>(dims->size()) : axis;
}

// Both hold the same type; floats as constants are compared, other types are not looked at.
bool SameValue(const Attr& pattern, const Attr& node) {
  if (const auto* number = std::get_if<float>(&pattern)) {
    const float other = std::get<float>(node);
    return std::abs(*number - other) <= 1e-6f * std::max(std::abs(*number), std::abs(other));
  }
  if (const auto* number = std::get_if<std::int64_t>(&pattern)) {
    return *number == std::get<std::int64_t>(node);
  }
  if (const auto* text = std::get_if<std::string>(&pattern)) {
    return *text == std::get<std::string>(node);
  }
  if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&pattern)) {
    return *numbers == std::get<std::vector<std::int64_t>>(node);
  }
  return true;
}

// `dims` are those of the node's first input.
bool SameAttrs(const AttrMap& pattern, const AttrMap& node, const std::optional<DimVector>& dims) {
  for (const auto& [name, value] : pattern) {
    const Attr* other = node.Find(name);
    if (other == nullptr ? !IsNeutral(name, value) : other->index() != value.index()) return false;
    if (other == nullptr) continue;
    const auto* axis = name == "axis" ? std::get_if<std::int64_t>(&value) : nullptr;
    const bool same =
        axis != nullptr ? FromFront(*axis, dims) == FromFront(std::get<std::int64_t>(*other), dims)
                        : SameValue(value, *other);
    if (!same) return false;
  }
  return std::all_of(node.begin(), node.end(), [&](const auto& entry) {
    return pattern.Has(entry.first) || IsNeutral(entry.first, entry.second);
  });
}

// Of no more dimensions than what it scales has in any case.
bool IsFloatScalar(const Tensor& tensor) {
  return tensor.defined() && tensor.num_elements() == 1 && tensor.rank() <= 1 &&
         IsFloating(tensor.dtype());
}

// The index of an input; negative for another name.
int InputNamed(const OpDef& op, std::string_view name) {
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    if (op.inputs[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

// One attempt to lay a pattern over the graph, from its output backwards.
class Match {
 public:
  Match(const Graph& graph, const OpDef& op, const Graph& pattern)
      : graph_(graph), op_(op), pattern_(pattern) {}

  bool Value(ValueId p, ValueId v) {
    if (const auto found = bound_.find(p); found != bound_.end()) return found->second == v;
    if (pattern_.IsConstant(p)) {
      return graph_.IsConstant(v) && CloseTo(pattern_.value(p).constant, graph_.value(v).constant);
    }
    const NodeId maker = pattern_.value(p).producer;
    if (maker == kNoNode) {
      if (InputNamed(op_, pattern_.value(p).name) < 0 && !IsFloatScalar(graph_.value(v).constant)) {
        return false;
      }
      bound_[p] = v;
      return true;
    }
    const NodeId node = graph_.value(v).producer;
    if (node == kNoNode || !Node(maker, node)) return false;
    bound_[p] = v;
    nodes_.insert(node);
    return true;
  }

  const std::map<ValueId, ValueId>& bound() const { return bound_; }
  const std::set<NodeId>& nodes() const { return nodes_; }

 private:
  bool Node(NodeId p, NodeId n) {
    const plumb::Node& pattern = pattern_.node(p);
    const plumb::Node& node = graph_.node(n);
    if (pattern.op != node.op || pattern.inputs.size() != node.inputs.size() ||
        node.outputs.size() != 1 || node.inputs.empty() ||
        !SameAttrs(pattern.attrs, node.attrs, DimsOf(node.inputs[0]))) {
      return false;
    }
    const auto bound = bound_;
    const auto nodes = nodes_;
    if (Inputs(pattern.inputs, node.inputs)) return true;
    if (!node.op->commutative || node.inputs.size() != 2) return false;
    bound_ = bound;
    nodes_ = nodes;
    return Inputs(pattern.inputs, {node.inputs[1], node.inputs[0]});
  }

  std::optional<DimVector> DimsOf(ValueId v) const {
    return v == kNoValue ? std::nullopt : graph_.value(v).info.dims;
  }

  bool Inputs(const std::vector<ValueId>& pattern, const std::vector<ValueId>& inputs) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if ((pattern[i] == kNoValue) != (inputs[i] == kNoValue)) return false;
      if (pattern[i] != kNoValue && !Value(pattern[i], inputs[i])) return false;
    }
    return true;
  }

  const Graph& graph_;
  const OpDef& op_;
  const Graph& pattern_;
  std::map<ValueId, ValueId> bound_;  // values of the pattern to values of the graph
  std::set<NodeId> nodes_;            // of the graph
};

struct Prepared {
  const OpDef* op;
  Graph graph;
};

// Values between the matched nodes are read by matched nodes alone.
bool Enclosed(const Graph& graph, const Uses& uses, const std::set<NodeId>& nodes, ValueId out) {
  for (NodeId id : nodes) {
    const ValueId v = graph.node(id).outputs[0];
    if (v == out) continue;
    if (uses.is_graph_output(v)) return false;
    for (const Uses::Use& use : uses.of(v)) {
      if (!nodes.contains(use.node)) return false;
    }
  }
  return true;
}

std::string FullName(const OpDef& op) {
  return op.domain.empty() ? std::string(op.name) : absl::StrCat(Str(op.domain), ".", Str(op.name));
}

// A value of the pattern that follows from constants: its own, and those that were matched.
std::optional<Tensor> Evaluate(const Graph& graph, const Graph& pattern, const Match& match,
                               ValueId p) {
  if (pattern.IsConstant(p)) return pattern.value(p).constant;
  if (pattern.value(p).producer == kNoNode) {
    const Tensor& constant = graph.value(match.bound().at(p)).constant;
    if (!IsFloatScalar(constant)) return std::nullopt;  // an operand
    return FromDoubles(DType::kFloat32, {}, ToDoubles(constant));
  }
  const Node& node = pattern.node(pattern.value(p).producer);
  std::vector<Tensor> inputs;
  for (const ValueId v : node.inputs) {
    std::optional<Tensor> input = Evaluate(graph, pattern, match, v);
    if (!input) return std::nullopt;
    inputs.push_back(*std::move(input));
  }
  ReferenceContext context(node, inputs);
  if (!node.op->reference(context).ok()) return std::nullopt;
  return context.outputs[0];
}

// Whether sums and products with operands of the operator (a mask) are known to have the shape of
// what they are applied to within the match: operands of more elements would make it larger.
bool KeepsShapes(const Graph& graph, const Match& match, const std::vector<ValueId>& operands) {
  const auto within = [&](ValueId v) {
    const NodeId producer = graph.value(v).producer;
    return producer != kNoNode && match.nodes().contains(producer);
  };
  return std::ranges::all_of(match.nodes(), [&](NodeId id) {
    const Node& node = graph.node(id);
    if (!node.op->elementwise || !node.op->commutative || node.inputs.size() != 2) return true;
    for (const int side : {0, 1}) {
      const ValueId inner = node.input(side), other = node.input(1 - side);
      if (!within(inner) || std::ranges::find(operands, other) == operands.end()) continue;
      const auto& dims = graph.value(inner).info.dims;
      if (!dims || graph.value(node.outputs[0]).info.dims != dims) return false;
    }
    return true;
  });
}

// The operator in place of the match; false when it cannot take the operands.
bool Replace(Graph& graph, const OpTable& ops, const Prepared& pattern, const Match& match,
             ValueId out) {
  const OpDef& op = *pattern.op;
  std::vector<ValueId> inputs(op.inputs.size(), kNoValue);
  AttrMap attrs;
  for (ValueId p : pattern.graph.inputs()) {
    const ValueId v = match.bound().at(p);
    const std::string& name = pattern.graph.value(p).name;
    if (const int i = InputNamed(op, name); i >= 0) {
      inputs[static_cast<std::size_t>(i)] = v;
      continue;
    }
    const bool known = std::any_of(op.attrs.begin(), op.attrs.end(),
                                   [&](const AttrDef& attr) { return attr.name == name; });
    if (known) attrs.Set(name, static_cast<float>(ToDoubles(graph.value(v).constant)[0]));
  }
  for (std::size_t i = 1; i < pattern.graph.outputs().size(); ++i) {
    const ValueId p = pattern.graph.outputs()[i];
    const std::optional<Tensor> value = Evaluate(graph, pattern.graph, match, p);
    if (!value || !IsFloatScalar(*value)) return false;
    attrs.Set(pattern.graph.value(p).name, static_cast<float>(ToDoubles(*value)[0]));
  }
  if (!KeepsShapes(graph, match, inputs)) return false;
  GraphBuilder builder(&graph, &ops);
  const ValueId replaced = builder.Call(FullName(op), inputs, std::move(attrs));
  if (!builder.status().ok()) {
    graph.RemoveDeadNodes();
    return false;
  }
  const ValueInfo& was = graph.value(out).info;
  const ValueInfo& is = graph.value(replaced).info;
  // What is not known may not hold for every shape.
  if (was.dtype != is.dtype || !was.dims || was.dims != is.dims) {
    graph.EraseNode(graph.value(replaced).producer);
    return false;
  }
  ReplaceValue(graph, out, replaced);
  return true;
}

}  // namespace

StatusOr<bool> MatchPatterns(Graph& graph, const PassContext& context) {
  const OpTable& ops = context.ops;
  std::vector<Prepared> patterns;
  ParseOptions as_pattern;
  as_pattern.infer = false;
  for (const OpDef* op : ops.all()) {
    for (const Pattern& pattern : op->patterns) {
      PLUMB_ASSIGN_OR_RETURN(Graph parsed, ParseGraph(pattern.text, ops, as_pattern));
      patterns.push_back({op, std::move(parsed)});
    }
  }
  bool changed = false;
  PLUMB_ASSIGN_OR_RETURN(std::vector<NodeId> order, graph.TopologicalOrder());
  std::reverse(order.begin(), order.end());
  for (NodeId id : order) {
    for (const Prepared& pattern : patterns) {
      const Node& node = graph.node(id);
      const ValueId root = pattern.graph.outputs()[0];
      const NodeId last = pattern.graph.value(root).producer;
      if (node.erased || last == kNoNode || node.op != pattern.graph.node(last).op) continue;
      const ValueId out = node.outputs[0];
      Match match(graph, *pattern.op, pattern.graph);
      if (out == kNoValue || !match.Value(root, out)) continue;
      if (!Enclosed(graph, Uses(graph), match.nodes(), out)) continue;
      if (!Replace(graph, ops, pattern, match, out)) continue;
      graph.RemoveDeadNodes();
      changed = true;
      break;
    }
  }
  return changed;
}

}  // namespace plumb::engine
