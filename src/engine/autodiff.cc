#include "engine/autodiff.h"

#include <algorithm>

#include "graph/builder.h"

namespace plumb::engine {
namespace {

Status NoGradient(const Node& node) {
  const bool never = node.op->differentiability == Differentiability::kNot;
  return Unimplemented("node '", node.name, "' (", Str(node.op->name), ") ",
                       never ? "is not differentiable" : "has no gradient yet");
}

class ReverseMode {
 public:
  ReverseMode(Graph& graph, const OpTable& ops)
      : graph_(graph),
        builder_(&graph, &ops),
        gradients_(static_cast<std::size_t>(graph.num_values()), kNoValue) {}

  Status Run(ValueId target, std::span<const ValueId> sources) {
    PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph_.TopologicalOrder());
    const std::vector<bool> depends = DependsOn(order, sources);
    Accumulate(target, Filled(target, 1));
    for (auto it = order.rbegin(); it != order.rend(); ++it) {
      PLUMB_RETURN_IF_ERROR(Backwards(*it, depends));
    }
    return builder_.status();
  }

  // The gradient of a source; zeros of its shape when nothing came back to it.
  ValueId Of(ValueId source) {
    const ValueId gradient = gradients_[static_cast<std::size_t>(source)];
    if (gradient != kNoValue) return gradient;
    return Filled(source, 0);
  }
  const Status& status() const { return builder_.status(); }

 private:
  // Values computed from one of the sources.
  std::vector<bool> DependsOn(std::span<const NodeId> order, std::span<const ValueId> sources) {
    std::vector<bool> depends(static_cast<std::size_t>(graph_.num_values()), false);
    for (ValueId source : sources) depends[static_cast<std::size_t>(source)] = true;
    for (NodeId id : order) {
      const Node& node = graph_.node(id);
      bool any = false;
      for (ValueId v : node.inputs)
        any = any || (v != kNoValue && depends[static_cast<std::size_t>(v)]);
      for (const Subgraph& sub : node.subgraphs) {
        for (ValueId v : sub.captured) any = any || depends[static_cast<std::size_t>(v)];
      }
      for (ValueId v : node.outputs) {
        if (any && v != kNoValue) depends[static_cast<std::size_t>(v)] = true;
      }
    }
    return depends;
  }

  Status Backwards(NodeId id, const std::vector<bool>& depends) {
    const auto index = [](ValueId v) { return static_cast<std::size_t>(v); };
    std::vector<ValueId> output_gradients;
    bool any = false;
    for (ValueId v : graph_.node(id).outputs) {
      output_gradients.push_back(v == kNoValue ? kNoValue : gradients_[index(v)]);
      any = any || output_gradients.back() != kNoValue;
    }
    const std::vector<ValueId> inputs = graph_.node(id).inputs;
    const bool wanted = std::any_of(inputs.begin(), inputs.end(),
                                    [&](ValueId v) { return v != kNoValue && depends[index(v)]; });
    if (!any || !wanted) return OkStatus();
    const Node& node = graph_.node(id);
    if (node.op->gradient == nullptr) return NoGradient(node);
    GradientContext context(&builder_, id, output_gradients);
    const Status status = node.op->gradient(context);
    if (!status.ok())
      return Annotate(status, absl::StrCat("gradient of node '", graph_.node(id).name, "'"));
    PLUMB_RETURN_IF_ERROR(builder_.status());
    for (std::size_t i = 0; i < inputs.size() && i < context.input_gradients.size(); ++i) {
      const ValueId gradient = context.input_gradients[i];
      if (inputs[i] != kNoValue && gradient != kNoValue && depends[index(inputs[i])]) {
        Accumulate(inputs[i], gradient);
      }
    }
    return OkStatus();
  }

  void Accumulate(ValueId value, ValueId gradient) {
    ValueId& sum = gradients_[static_cast<std::size_t>(value)];
    sum = sum == kNoValue ? gradient : builder_.Call("Add", {sum, gradient});
  }

  // A tensor of the value's shape and type, also when the shape is known only at run time.
  ValueId Filled(ValueId value, double element) {
    AttrMap attrs;
    attrs.Set("value",
              FromDoubles(graph_.value(value).info.dtype, Shape{1}, std::vector<double>{element}));
    return builder_.Call("ConstantOfShape", {builder_.Call("Shape", {value})}, std::move(attrs));
  }

  Graph& graph_;
  GraphBuilder builder_;
  std::vector<ValueId> gradients_;  // by value; values added later have none
};

}  // namespace

StatusOr<std::vector<ValueId>> AddGradients(Graph& graph, const OpTable& ops, ValueId target,
                                            std::span<const ValueId> sources) {
  ReverseMode reverse(graph, ops);
  PLUMB_RETURN_IF_ERROR(reverse.Run(target, sources));
  std::vector<ValueId> gradients;
  for (ValueId source : sources) gradients.push_back(reverse.Of(source));
  PLUMB_RETURN_IF_ERROR(reverse.status());
  return gradients;
}

}  // namespace plumb::engine
