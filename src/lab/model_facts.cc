#include "lab/model_facts.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "core/clock.h"

namespace plumb::lab {
namespace {

void Count(const Graph& graph, GraphFacts* facts) {
  for (ValueId v = 0; v < graph.num_values(); ++v) {
    if (!graph.IsConstant(v)) continue;
    const Tensor& constant = graph.value(v).constant;
    const DType type = constant.dtype();
    const bool quantised = (type == DType::kInt8 || type == DType::kUInt8) && constant.rank() >= 2;
    if (IsFloating(type) || quantised) facts->params += constant.num_elements();
  }
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    if (node.erased) continue;
    ++facts->operators[std::string(node.op->name)];
    ++facts->nodes;
    for (const Subgraph& subgraph : node.subgraphs) Count(*subgraph.body, facts);
  }
}

// Nodes with a constant matrix or kernel, by what they multiply.
void CountProducts(const Graph& graph, std::map<DType, std::int64_t>* counts) {
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    if (node.erased) continue;
    for (const Subgraph& subgraph : node.subgraphs) CountProducts(*subgraph.body, counts);
    const bool weighs = std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId v) {
      return graph.IsConstant(v) && graph.value(v).constant.rank() >= 2;
    });
    if (weighs) ++(*counts)[engine::ProductTypeOf(graph, node)];
  }
}

void Count(const engine::Outline& outline, PlanFacts* facts) {
  for (const auto& segment : outline.segments) {
    for (const engine::StepInfo& step : segment->steps) {
      facts->macs += std::llround(step.cost.macs);
      facts->ops += step.cost.ops;
    }
    ++facts->segments;
    facts->steps += static_cast<std::int64_t>(segment->steps.size());
    facts->arena_bytes = std::max(facts->arena_bytes, segment->program.arena_bytes);
    facts->peak_live_bytes = std::max(facts->peak_live_bytes, segment->peak_live_bytes);
    facts->movement_bytes_before += std::llround(segment->movement_bytes_before);
    facts->movement_bytes += std::llround(segment->movement_bytes);
    facts->reorder_bytes += std::llround(segment->reorder_bytes);
  }
  for (const engine::OutlinedBody& body : outline.bodies) Count(body.outline, facts);
}

// "loop/body", below the body where the node is.
std::string BodyName(const engine::Outline& outline, const engine::OutlinedBody& body,
                     const std::string& around) {
  const Node& node = outline.model->graph().node(body.node);
  return absl::StrCat(around, around.empty() ? "" : "/", node.name, "/",
                      node.subgraphs[static_cast<std::size_t>(body.index)].name);
}

// The node at which a segment ends; kNoNode where the model does.
NodeId HostNode(const engine::Outline& outline, const engine::Segment& segment) {
  const auto& order = outline.model->order();
  return segment.end < order.size() ? order[segment.end] : kNoNode;
}

engine::StepInfo HostStep(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  engine::StepInfo info;
  info.node = id;
  info.name = node.name;
  info.op = Str(node.op->name);
  info.algorithm = "host";
  info.why = engine::WhyHost(graph, id);
  return info;
}

void List(const engine::Outline& outline, const std::string& around,
          std::vector<PlannedStep>* steps) {
  for (const auto& segment : outline.segments) {
    for (const engine::StepInfo& step : segment->steps) steps->push_back({around, step});
    const NodeId host = HostNode(outline, *segment);
    if (host == kNoNode) continue;
    steps->push_back({around, HostStep(outline.model->graph(), host)});
    for (const engine::OutlinedBody& body : outline.bodies) {
      if (body.node == host) List(body.outline, BodyName(outline, body, around), steps);
    }
  }
}

void List(const engine::Outline& outline, const std::string& around,
          std::vector<PlannedAtRun>* rests) {
  for (const engine::OutlinedBody& body : outline.bodies) {
    List(body.outline, BodyName(outline, body, around), rests);
  }
  const auto nodes = static_cast<std::int64_t>(outline.unplanned_nodes());
  if (nodes == 0) return;
  PlannedAtRun rest{.body = around, .after = "", .nodes = nodes};
  if (!outline.segments.empty()) {
    const NodeId host = HostNode(outline, *outline.segments.back());
    rest.after = outline.model->graph().node(host).name;
  }
  rests->push_back(std::move(rest));
}

}  // namespace

GraphFacts FactsOf(const Graph& graph) {
  GraphFacts facts;
  Count(graph, &facts);
  return facts;
}

std::string PrecisionOf(const engine::Model& model) {
  std::map<DType, std::int64_t> counts;
  CountProducts(model.graph(), &counts);
  if (counts[DType::kInt8] > 0 && counts[DType::kInt8] >= counts[DType::kFloat32]) return "int8";
  if (model.options().precision == DType::kBFloat16) return "bf16";
  return "f32";
}

namespace {

// Bytes of arenas at once: that of the largest segment, and of the largest body that runs inside.
// Constants that steps read are gathered by address: segments share them.
std::int64_t ArenaBytes(const engine::Outline& outline,
                        std::map<const void*, std::int64_t>* constants) {
  std::int64_t own = 0, inside = 0;
  for (const auto& segment : outline.segments) {
    const runtime::Program& program = segment->program;
    own = std::max(own, program.arena_bytes);
    for (const runtime::OperandSlot& slot : program.operands) {
      if (slot.place != runtime::Place::kConstant) continue;
      const auto index = static_cast<std::size_t>(slot.index);
      (*constants)[program.constants[index]] = program.constant_bytes[index];
    }
  }
  for (const engine::OutlinedBody& body : outline.bodies) {
    inside = std::max(inside, ArenaBytes(body.outline, constants));
  }
  return own + inside;
}

std::int64_t RunBytes(const engine::Outline& outline, std::span<const Shape> input_shapes) {
  std::map<const void*, std::int64_t> constants;
  std::int64_t bytes = ArenaBytes(outline, &constants);
  for (const auto& [address, size] : constants) bytes += size;
  const Graph& graph = outline.model->graph();
  for (std::size_t i = 0; i < input_shapes.size(); ++i) {
    const DType type = graph.value(graph.inputs()[i]).info.dtype;
    bytes += StorageBytes(type, NumElements(input_shapes[i]));
  }
  if (outline.segments.empty()) return bytes;
  const engine::Segment& last = *outline.segments.back();
  for (std::size_t i = 0; i < last.output_shapes.size(); ++i) {
    bytes += StorageBytes(last.output_types[i], NumElements(last.output_shapes[i]));
  }
  return bytes;
}

}  // namespace

PlanFacts FactsOf(const engine::Outline& outline, std::span<const Shape> input_shapes) {
  PlanFacts facts;
  Count(outline, &facts);
  facts.run_bytes = RunBytes(outline, input_shapes);
  return facts;
}

std::vector<PlannedStep> StepsOf(const engine::Outline& outline) {
  std::vector<PlannedStep> steps;
  List(outline, "", &steps);
  return steps;
}

std::vector<PlannedAtRun> PlannedAtRunOf(const engine::Outline& outline) {
  std::vector<PlannedAtRun> rests;
  List(outline, "", &rests);
  return rests;
}

std::optional<double> ReplanMs(engine::Session& session, std::vector<Shape> shapes) {
  const Graph& graph = session.model().graph();
  bool open = false;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const auto& dims = graph.value(graph.inputs()[i]).info.dims;
    if (!dims || dims->empty() || (*dims)[0].is_constant()) continue;
    shapes[i][0] += 1;
    open = true;
  }
  const std::int64_t begin = NowNanos();
  if (!open || !session.Prepare(shapes).ok()) return std::nullopt;
  return static_cast<double>(NowNanos() - begin) * 1e-6;
}

}  // namespace plumb::lab
