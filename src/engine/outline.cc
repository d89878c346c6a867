#include "engine/outline.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/input_check.h"
#include "engine/planner.h"
#include "graph/infer.h"

namespace plumb::engine {
namespace {

bool IsKnown(const ValueInfo& info) {
  return info.dtype != DType::kUndefined && info.dims && ConcreteShape(*info.dims).has_value();
}

// Sources and results of nodes before `begin` that a later node or the end reads.
std::vector<ValueId> AvailableAt(std::size_t begin, const Model& model,
                                 std::span<const ValueId> sources) {
  const Graph& graph = model.graph();
  std::vector<bool> there(static_cast<std::size_t>(graph.num_values()), false);
  std::vector<bool> read = there;
  const auto mark = [](std::vector<bool>& marks, ValueId v) {
    if (v != kNoValue) marks[static_cast<std::size_t>(v)] = true;
  };
  for (ValueId v : sources) mark(there, v);
  for (std::size_t p = 0; p < model.order().size(); ++p) {
    const Node& node = graph.node(model.order()[p]);
    if (p < begin) {
      for (ValueId v : node.outputs) mark(there, v);
      continue;
    }
    for (ValueId v : node.inputs) mark(read, v);
    for (const Subgraph& sub : node.subgraphs) {
      for (ValueId v : sub.captured) mark(read, v);
    }
  }
  for (ValueId v : graph.outputs()) mark(read, v);
  for (const State& state : graph.states()) mark(read, state.written);
  std::vector<ValueId> available;
  for (ValueId v = 0; v < graph.num_values(); ++v) {
    const auto i = static_cast<std::size_t>(v);
    if (there[i] && read[i]) available.push_back(v);
  }
  return available;
}

using BodyInputs = std::map<int, std::vector<ValueInfo>>;  // by subgraph

StatusOr<Outline> OutlineFrom(std::shared_ptr<Model> model, ConcreteInference& inference,
                              std::span<const ValueId> sources);

Status AddBodies(NodeId id, const BodyInputs& inputs, const ConcreteInference& around,
                 Outline* outline) {
  const Node& node = outline->model->graph().node(id);
  for (const auto& [index, infos] : inputs) {
    PLUMB_ASSIGN_OR_RETURN(const std::shared_ptr<Model> body, outline->model->Body(id, index));
    const Graph& graph = body->graph();
    ConcreteInference inference(graph);
    std::vector<ValueId> sources = graph.inputs();
    for (std::size_t i = 0; i < sources.size(); ++i) {
      ValueInfo& info = inference.info(sources[i]);
      info = infos[i];
      if (info.dtype == DType::kUndefined) info.dtype = graph.value(sources[i]).info.dtype;
    }
    const auto& captured = node.subgraphs[static_cast<std::size_t>(index)].captured;
    for (std::size_t i = 0; i < captured.size(); ++i) {
      sources.push_back(graph.captures()[i]);
      inference.info(sources.back()) = around.info(captured[i]);
    }
    PLUMB_ASSIGN_OR_RETURN(Outline inner, OutlineFrom(body, inference, sources));
    outline->bodies.push_back({id, index, std::move(inner)});
  }
  return OkStatus();
}

StatusOr<Outline> OutlineFrom(std::shared_ptr<Model> model, ConcreteInference& inference,
                              std::span<const ValueId> sources) {
  Outline outline;
  outline.model = std::move(model);
  const Graph& graph = outline.model->graph();
  const auto& order = outline.model->order();
  BodyInputs body_inputs;
  inference.set_on_body([&](NodeId, int index, std::span<const ValueInfo> inputs) {
    body_inputs[index].assign(inputs.begin(), inputs.end());
  });
  const auto known = [&](ValueId v) { return v == kNoValue || IsKnown(inference.info(v)); };
  bool ahead = std::all_of(sources.begin(), sources.end(), known);
  for (std::size_t begin = 0; ahead;) {
    Segment segment;
    {
      const std::lock_guard<std::mutex> lock(outline.model->mutex());
      Planner planner(outline.model.get(), &inference, AvailableAt(begin, *outline.model, sources),
                      begin);
      PLUMB_ASSIGN_OR_RETURN(segment, planner.Plan());
    }
    const std::size_t end = segment.end;
    outline.segments.push_back(std::make_shared<const Segment>(std::move(segment)));
    if (end == order.size()) break;
    body_inputs.clear();
    PLUMB_RETURN_IF_ERROR(inference.Infer(order[end]));
    PLUMB_RETURN_IF_ERROR(AddBodies(order[end], body_inputs, inference, &outline));
    const auto& outputs = graph.node(order[end]).outputs;
    ahead = std::all_of(outputs.begin(), outputs.end(), known);
    begin = end + 1;
  }
  return outline;
}

}  // namespace

std::size_t Outline::unplanned_nodes() const {
  const std::size_t nodes = model->order().size();
  if (segments.empty()) return nodes;
  return nodes - std::min(nodes, segments.back()->end + 1);
}

StatusOr<Outline> OutlineOf(const std::shared_ptr<Model>& model,
                            std::span<const Shape> input_shapes) {
  const Graph& graph = model->graph();
  std::vector<InputType> types;
  for (std::size_t i = 0; i < input_shapes.size() && i < graph.inputs().size(); ++i) {
    types.push_back({graph.value(graph.inputs()[i]).info.dtype, input_shapes[i]});
  }
  PLUMB_RETURN_IF_ERROR(CheckInputs(graph, types));
  ConcreteInference inference(graph);
  std::vector<ValueId> sources = graph.inputs();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    inference.Set(sources[i], types[i].dtype, types[i].shape);
  }
  for (const State& state : graph.states()) {
    sources.push_back(state.read);
    inference.Set(state.read, state.initial.dtype(), state.initial.shape());
  }
  return OutlineFrom(model, inference, sources);
}

std::string WhyHost(const Graph& graph, NodeId node) {
  const OpDef& op = *graph.node(node).op;
  if (!graph.node(node).subgraphs.empty()) return "its bodies are planned by themselves";
  if (op.data_dependent_shape) return "the size of its result depends on the data";
  return "no plan holds its operands, or sizes that their elements decide";
}

}  // namespace plumb::engine
