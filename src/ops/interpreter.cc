#include "ops/interpreter.h"

#include <utility>

#include "graph/op_def.h"

namespace plumb::ops {
namespace {

// Subgraphs inside subgraphs beyond this are refused: the recursion below must end.
constexpr int kMaxSubgraphDepth = 64;

std::string DimsText(const DimVector& dims, const SymbolTable& symbols) {
  std::string text;
  for (const Dim& dim : dims)
    absl::StrAppend(&text, text.empty() ? "" : "x", dim.ToString(symbols));
  return text.empty() ? "scalar" : text;
}

// Binds the symbol of `dim` so that it has `size`, or checks the value it has.
bool BindDim(const Dim& dim, std::int64_t size, std::vector<std::int64_t>* bindings) {
  if (dim.is_constant()) return dim.value() == size;
  std::int64_t& bound = (*bindings)[static_cast<std::size_t>(dim.symbol())];
  if (bound >= 0) return dim.Evaluate(*bindings) == size;
  const std::int64_t scaled = size - dim.offset();
  if (dim.scale() == 0 || scaled % dim.scale() != 0 || scaled / dim.scale() < 0) return false;
  bound = scaled / dim.scale();
  return true;
}

Status CheckInput(const Graph& graph, const Value& value, const Tensor& tensor,
                  std::vector<std::int64_t>* bindings) {
  if (!tensor.defined()) return InvalidArgument("input '", value.name, "' is missing");
  if (value.info.dtype != DType::kUndefined && tensor.dtype() != value.info.dtype) {
    return InvalidArgument("input '", value.name, "' has type ", Str(DTypeName(tensor.dtype())),
                           ", expected ", Str(DTypeName(value.info.dtype)));
  }
  if (!value.info.dims.has_value()) return OkStatus();
  const DimVector& dims = *value.info.dims;
  bool fits = static_cast<int>(dims.size()) == tensor.rank();
  for (int i = 0; fits && i < tensor.rank(); ++i) {
    fits = BindDim(dims[static_cast<std::size_t>(i)], tensor.shape()[i], bindings);
  }
  if (fits) return OkStatus();
  return InvalidArgument("input '", value.name, "' has shape ", tensor.shape().ToString(),
                         ", expected ", DimsText(dims, graph.symbols()),
                         " (a symbol has one value in all inputs)");
}

// One run of one graph; subgraphs are runs of their own.
class Run {
 public:
  Run(const Graph& graph, const InterpretOptions& options, int depth)
      : graph_(graph),
        options_(options),
        depth_(depth),
        values_(static_cast<std::size_t>(graph.num_values())),
        uses_left_(values_.size(), 0) {}

  void Set(ValueId id, Tensor tensor) { values_[static_cast<std::size_t>(id)] = std::move(tensor); }
  const Tensor& Get(ValueId id) const {
    const Value& value = graph_.value(id);
    return value.constant.defined() ? value.constant : values_[static_cast<std::size_t>(id)];
  }

  Status RunNodes() {
    PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph_.TopologicalOrder());
    CountUses(order);
    for (NodeId id : order) {
      const Node& node = graph_.node(id);
      const Status status = RunNode(id, node);
      if (!status.ok()) {
        return Annotate(status, absl::StrCat("node '", node.name, "' (", Str(node.op->name), ")"));
      }
      ReleaseInputs(node);
    }
    return OkStatus();
  }

 private:
  void CountUses(const std::vector<NodeId>& order) {
    const auto count = [this](ValueId id) {
      if (id != kNoValue) ++uses_left_[static_cast<std::size_t>(id)];
    };
    for (NodeId id : order) {
      for (ValueId input : graph_.node(id).inputs) count(input);
      for (const Subgraph& subgraph : graph_.node(id).subgraphs) {
        for (ValueId captured : subgraph.captured) count(captured);
      }
    }
    for (ValueId output : graph_.outputs()) count(output);
    for (const State& state : graph_.states()) count(state.written);
  }

  void Release(ValueId id) {
    if (id == kNoValue || --uses_left_[static_cast<std::size_t>(id)] > 0) return;
    values_[static_cast<std::size_t>(id)] = Tensor();
  }
  void ReleaseInputs(const Node& node) {
    for (ValueId input : node.inputs) Release(input);
    for (const Subgraph& subgraph : node.subgraphs) {
      for (ValueId captured : subgraph.captured) Release(captured);
    }
  }

  Status RunNode(NodeId id, const Node& node) {
    if (node.op->reference == nullptr) return Unimplemented("the operator has no reference");
    std::vector<Tensor> inputs;
    for (ValueId input : node.inputs) {
      inputs.push_back(input == kNoValue ? Tensor() : Get(input));
      if (input != kNoValue && !inputs.back().defined()) {
        return Internal("input '", graph_.value(input).name, "' was not computed");
      }
    }
    ReferenceContext context(node, inputs);
    std::int64_t runs = 0;
    context.run_subgraph = [&](int index, std::vector<Tensor> arguments) {
      return RunSubgraph(node, index, std::move(arguments), ++runs);
    };
    PLUMB_RETURN_IF_ERROR(node.op->reference(context));
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == kNoValue) continue;
      const Value& value = graph_.value(node.outputs[i]);
      const Tensor& result = context.outputs[i];
      if (!result.defined()) return Internal("output '", value.name, "' was not computed");
      if (value.info.dtype != DType::kUndefined && value.info.dtype != result.dtype()) {
        return Internal("output '", value.name, "' has type ", Str(DTypeName(result.dtype())),
                        ", inferred was ", Str(DTypeName(value.info.dtype)));
      }
    }
    if (options_.observe) options_.observe(graph_, id, context.outputs);
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      const ValueId output = node.outputs[i];
      if (output == kNoValue || uses_left_[static_cast<std::size_t>(output)] == 0) continue;
      Set(output, std::move(context.outputs[i]));
    }
    return OkStatus();
  }

  StatusOr<std::vector<Tensor>> RunSubgraph(const Node& node, int index,
                                            std::vector<Tensor> arguments, std::int64_t runs) {
    const Subgraph& subgraph = node.subgraphs[static_cast<std::size_t>(index)];
    const Graph& body = *subgraph.body;
    if (runs > options_.max_loop_trips) {
      return ResourceExhausted("'", subgraph.name, "' ran ", options_.max_loop_trips,
                               " times, the limit of a run");
    }
    if (depth_ + 1 > kMaxSubgraphDepth) {
      return ResourceExhausted("subgraphs are nested deeper than ", kMaxSubgraphDepth);
    }
    if (!body.states().empty()) {
      return Unimplemented("state '", body.states()[0].name, "' in a subgraph; keep it outside");
    }
    if (arguments.size() != body.inputs().size()) {
      return InvalidArgument("'", subgraph.name, "' takes ", body.inputs().size(), " inputs, got ",
                             arguments.size());
    }
    Run run(body, options_, depth_ + 1);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const Value& input = body.value(body.inputs()[i]);
      if (input.info.dtype != DType::kUndefined && input.info.dtype != arguments[i].dtype()) {
        return InvalidArgument("'", subgraph.name, "' takes '", input.name, "' as ",
                               Str(DTypeName(input.info.dtype)), ", got ",
                               Str(DTypeName(arguments[i].dtype())));
      }
      run.Set(body.inputs()[i], std::move(arguments[i]));
    }
    for (std::size_t i = 0; i < subgraph.captured.size(); ++i) {
      run.Set(body.captures()[i], Get(subgraph.captured[i]));
    }
    PLUMB_RETURN_IF_ERROR(run.RunNodes());
    std::vector<Tensor> results;
    for (ValueId output : body.outputs()) results.push_back(run.Get(output));
    return results;
  }

  const Graph& graph_;
  const InterpretOptions& options_;
  const int depth_;
  std::vector<Tensor> values_;
  std::vector<int> uses_left_;
};

}  // namespace

StatusOr<std::vector<Tensor>> Interpret(const Graph& graph, const std::vector<Tensor>& inputs,
                                        const InterpretOptions& options) {
  if (inputs.size() != graph.inputs().size()) {
    return InvalidArgument("graph '", graph.name, "' takes ", graph.inputs().size(),
                           " inputs, got ", inputs.size());
  }
  Run run(graph, options, 0);
  std::vector<std::int64_t> bindings(static_cast<std::size_t>(graph.symbols().size()), -1);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ValueId id = graph.inputs()[i];
    PLUMB_RETURN_IF_ERROR(CheckInput(graph, graph.value(id), inputs[i], &bindings));
    run.Set(id, inputs[i]);
  }
  for (const State& state : graph.states()) {
    Tensor current = state.initial;
    if (options.states != nullptr) {
      const auto found = options.states->find(state.name);
      if (found != options.states->end()) current = found->second;
    }
    run.Set(state.read, std::move(current));
  }
  PLUMB_RETURN_IF_ERROR(run.RunNodes());
  std::vector<Tensor> outputs;
  for (ValueId output : graph.outputs()) outputs.push_back(run.Get(output));
  if (options.states != nullptr) {
    for (const State& state : graph.states()) {
      (*options.states)[state.name] = run.Get(state.written);
    }
  }
  return outputs;
}

}  // namespace plumb::ops
