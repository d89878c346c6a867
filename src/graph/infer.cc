#include "graph/infer.h"

#include <utility>

#include "absl/container/inlined_vector.h"
#include "graph/merge_info.h"
#include "graph/schema.h"
#include "graph/verifier.h"

namespace plumb {
namespace {

// What an InferContext reads of one node's inputs; keeps the arrays behind its spans.
class InputView {
 public:
  template <typename InfoOf>
  InputView(const Graph& graph, const Node& node, InfoOf&& info_of) {
    for (ValueId input : node.inputs) {
      infos_.push_back(input == kNoValue ? nullptr : info_of(input));
      constants_.push_back(graph.IsConstant(input) ? &graph.value(input).constant : nullptr);
    }
  }
  std::span<const ValueInfo* const> infos() const { return infos_; }
  std::span<const Tensor* const> constants() const { return constants_; }

 private:
  absl::InlinedVector<const ValueInfo*, 8> infos_;
  absl::InlinedVector<const Tensor*, 8> constants_;
};

Status CheckIds(const Graph& graph, const Node& node) {
  const auto known = [&graph](ValueId id) { return id >= kNoValue && id < graph.num_values(); };
  for (ValueId input : node.inputs) {
    if (!known(input)) return InvalidArgument("input is value ", input, ", which is not there");
  }
  for (const Subgraph& subgraph : node.subgraphs) {
    for (ValueId captured : subgraph.captured) {
      if (!known(captured) || captured == kNoValue) {
        return InvalidArgument("subgraph '", subgraph.name, "' captures value ", captured,
                               ", which is not there");
      }
    }
  }
  return OkStatus();
}

Status CheckBodyInputs(const Graph& body, const std::string& name, std::size_t given) {
  if (body.inputs().size() == given) return OkStatus();
  return InvalidArgument("subgraph '", name, "' has ", body.inputs().size(), " inputs, expected ",
                         given);
}

Status InferNodeAt(Graph& graph, NodeId id, Statements statements, int depth);

Status InferNodesAt(Graph& graph, Statements statements, int depth) {
  if (depth > kMaxSubgraphDepth) {
    return InvalidArgument("subgraphs nest deeper than ", kMaxSubgraphDepth);
  }
  PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph.TopologicalOrder());
  for (NodeId id : order) PLUMB_RETURN_IF_ERROR(InferNodeAt(graph, id, statements, depth));
  return OkStatus();
}

// Sets the types of the body's inputs and captures, infers it and returns those of its outputs.
StatusOr<std::vector<ValueInfo>> InferBodyAt(const Graph& outer, const Subgraph& subgraph,
                                             std::span<const ValueInfo> inputs, int depth) {
  Graph& body = *subgraph.body;
  PLUMB_RETURN_IF_ERROR(CheckBodyInputs(body, subgraph.name, inputs.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    ValueInfo& info = body.value(body.inputs()[i]).info;
    ValueInfo given = inputs[i];
    if (given.dtype == DType::kUndefined) given.dtype = info.dtype;
    PLUMB_ASSIGN_OR_RETURN(info, MergeInfo(info, given, Statements::kNamesOnly, body.symbols()));
  }
  for (std::size_t i = 0; i < subgraph.captured.size(); ++i) {
    body.value(body.captures()[i]).info = outer.value(subgraph.captured[i]).info;
  }
  PLUMB_RETURN_IF_ERROR(
      Annotate(InferNodesAt(body, Statements::kNamesOnly, depth + 1), subgraph.name));
  std::vector<ValueInfo> outputs;
  for (ValueId output : body.outputs()) outputs.push_back(body.value(output).info);
  return outputs;
}

Status InferChecked(Graph& graph, Node& node, Statements statements, int depth) {
  PLUMB_RETURN_IF_ERROR(CheckStructure(node));
  PLUMB_RETURN_IF_ERROR(CheckIds(graph, node));
  const InputView view(graph, node, [&graph](ValueId id) { return &graph.value(id).info; });
  PLUMB_RETURN_IF_ERROR(CheckTypes(node, view.infos(), {}));
  InferContext context(node, view.infos(), view.constants());
  context.infer_subgraph =
      [&](int index, std::span<const ValueInfo> inputs) -> StatusOr<std::vector<ValueInfo>> {
    if (index < 0 || index >= static_cast<int>(node.subgraphs.size())) {
      return InvalidArgument("subgraph ", index, " of ", node.subgraphs.size());
    }
    return InferBodyAt(graph, node.subgraphs[static_cast<std::size_t>(index)], inputs, depth);
  };
  PLUMB_RETURN_IF_ERROR(node.op->infer(context));
  SymbolNamer namer(graph.symbols());
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    Value& output = graph.value(node.outputs[i]);
    StatusOr<ValueInfo> merged =
        MergeInfo(output.info, context.outputs()[i], statements, graph.symbols(), &namer);
    if (!merged.ok()) {
      return Annotate(merged.status(), absl::StrCat("output ", i, " '", output.name, "'"));
    }
    output.info = *std::move(merged);
  }
  return OkStatus();
}

Status InferNodeAt(Graph& graph, NodeId id, Statements statements, int depth) {
  Node& node = graph.node(id);
  const Status status = InferChecked(graph, node, statements, depth);
  return status.ok() ? status : Annotate(status, NodeLabel(node));
}

}  // namespace

Status InferNode(Graph& graph, NodeId node) {
  return InferNodeAt(graph, node, Statements::kTrusted, 0);
}

Status InferGraph(Graph& graph) { return InferNodesAt(graph, Statements::kTrusted, 0); }

// --- on concrete shapes -----------------------------------------------------------------------
ConcreteInference::ConcreteInference(const Graph& graph) : graph_(graph) {
  StatusOr<std::vector<NodeId>> order = graph.TopologicalOrder();
  if (order.ok()) {
    order_ = *std::move(order);
  } else {
    order_status_ = order.status();
  }
  infos_.resize(static_cast<std::size_t>(graph.num_values()));
  for (ValueId id = 0; id < graph.num_values(); ++id) {
    if (graph.IsConstant(id)) info(id) = graph.value(id).info;
  }
  for (const State& state : graph.states()) info(state.read) = graph.value(state.read).info;
}

void ConcreteInference::Reset() {
  const auto forget = [this](ValueId id) {
    if (id == kNoValue) return;
    info(id).dtype = DType::kUndefined;
    info(id).dims.reset();
    info(id).content.reset();
  };
  for (ValueId id : graph_.inputs()) forget(id);
  for (ValueId id : graph_.captures()) forget(id);
  for (NodeId node : order_) {
    for (ValueId id : graph_.node(node).outputs) forget(id);
  }
}

void ConcreteInference::Set(ValueId value, DType dtype, const Shape& shape) {
  info(value).dtype = dtype;
  info(value).dims.emplace(shape.begin(), shape.end());
}

Status ConcreteInference::Run(std::span<const Shape> input_shapes) {
  if (input_shapes.size() != graph_.inputs().size()) {
    return InvalidArgument(input_shapes.size(), " shapes given for ", graph_.inputs().size(),
                           " inputs");
  }
  Reset();
  for (std::size_t i = 0; i < input_shapes.size(); ++i) {
    const ValueId input = graph_.inputs()[i];
    Set(input, graph_.value(input).info.dtype, input_shapes[i]);
  }
  return InferAll();
}

Status ConcreteInference::InferAll() {
  PLUMB_RETURN_IF_ERROR(order_status_);
  for (NodeId id : order_) PLUMB_RETURN_IF_ERROR(Infer(id));
  return OkStatus();
}

Status ConcreteInference::Infer(NodeId id) {
  const Node& node = graph_.node(id);
  const InputView view(graph_, node, [this](ValueId value) { return &info(value); });
  InferContext context(node, view.infos(), view.constants());
  if (!node.subgraphs.empty()) {
    context.infer_subgraph = [this, id, &node](int index, std::span<const ValueInfo> inputs) {
      if (on_body_) on_body_(id, index, inputs);
      return InferBody(node, index, inputs);
    };
  }
  Status status = node.op->infer(context);
  for (std::size_t i = 0; i < node.outputs.size() && status.ok(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    status = CheckInfo(context.outputs()[i]);
    info(node.outputs[i]) = std::move(context.outputs()[i]);
  }
  return status.ok() ? status : Annotate(status, NodeLabel(node));
}

StatusOr<std::vector<ValueInfo>> ConcreteInference::InferBody(
    const Node& node, int index, std::span<const ValueInfo> inputs) const {
  if (index < 0 || index >= static_cast<int>(node.subgraphs.size())) {
    return InvalidArgument("subgraph ", index, " of ", node.subgraphs.size());
  }
  const Subgraph& subgraph = node.subgraphs[static_cast<std::size_t>(index)];
  const Graph& body = *subgraph.body;
  PLUMB_RETURN_IF_ERROR(CheckBodyInputs(body, subgraph.name, inputs.size()));
  ConcreteInference inner(body);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    ValueInfo& given = inner.info(body.inputs()[i]);
    given = inputs[i];
    if (given.dtype == DType::kUndefined) given.dtype = body.value(body.inputs()[i]).info.dtype;
  }
  for (std::size_t i = 0; i < subgraph.captured.size(); ++i) {
    inner.info(body.captures()[i]) = info(subgraph.captured[i]);
  }
  PLUMB_RETURN_IF_ERROR(Annotate(inner.InferAll(), subgraph.name));
  std::vector<ValueInfo> outputs;
  for (ValueId output : body.outputs()) outputs.push_back(inner.info(output));
  return outputs;
}

}  // namespace plumb
