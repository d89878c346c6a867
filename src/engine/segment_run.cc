// Runs from segment to segment: what is between two of them are tensors, and nodes that no plan can
// hold run on these.
#include "core/check.h"
#include "core/clock.h"
#include "engine/planner.h"
#include "engine/session_impl.h"
#include "graph/infer.h"

namespace plumb::engine {
namespace {

// Elements that shape arithmetic may read: few integers.
constexpr std::int64_t kMaxElementsInKey = 64;
bool MayBeShapeData(const Tensor& tensor) {
  return (tensor.dtype() == DType::kInt64 || tensor.dtype() == DType::kInt32) &&
         tensor.rank() <= 1 && tensor.num_elements() <= kMaxElementsInKey;
}

}  // namespace

Status NameStep(const Status& status, const Segment& segment, int failed) {
  if (status.ok() || failed < 0) return status;
  const auto index = static_cast<std::size_t>(failed);
  if (segment.program.steps[index].host != nullptr) return status;
  const StepInfo& step = segment.steps[index];
  return Annotate(status, absl::StrCat("node '", step.name, "' (", step.op, ")"));
}

StatusOr<std::shared_ptr<const Segment>> Session::Impl::MakePlan(std::size_t begin,
                                                                 std::span<const ValueId> available,
                                                                 std::span<const InputType> types,
                                                                 const Environment* elements) {
  const std::lock_guard<std::mutex> lock(model->mutex());
  ConcreteInference inference(model->graph());
  for (std::size_t i = 0; i < available.size(); ++i) {
    inference.Set(available[i], types[i].dtype, types[i].shape);
    if (elements == nullptr) continue;
    const Tensor& tensor = (*elements)[static_cast<std::size_t>(available[i])];
    if (!tensor.defined() || !MayBeShapeData(tensor)) continue;
    const std::vector<std::int64_t> values = ToInt64s(tensor);
    inference.info(available[i]).content = DimVector(values.begin(), values.end());
  }
  Planner planner(model.get(), &inference, {available.begin(), available.end()}, begin, pool);
  PLUMB_ASSIGN_OR_RETURN(Segment segment, planner.Plan());
  return std::make_shared<const Segment>(std::move(segment));
}

void Session::Impl::Record(const std::shared_ptr<const Segment>& segment,
                           std::span<const std::int64_t> times, StepProfile* profile) const {
  profile->segments.push_back(segment);
  for (std::size_t i = 0; i < segment->steps.size(); ++i) {
    profile->steps.push_back({&segment->steps[i], times[i], times[i + 1]});
  }
}

// Values that a later node or the end reads, and that are there.
std::vector<ValueId> Session::Impl::AvailableAt(std::size_t begin, const Environment& env) const {
  const Graph& graph = model->graph();
  std::vector<bool> read(static_cast<std::size_t>(graph.num_values()), false);
  const auto reads = [&](ValueId v) {
    if (v != kNoValue) read[static_cast<std::size_t>(v)] = true;
  };
  for (std::size_t p = begin; p < model->order().size(); ++p) {
    const Node& node = graph.node(model->order()[p]);
    for (ValueId v : node.inputs) reads(v);
    for (const Subgraph& sub : node.subgraphs) {
      for (ValueId v : sub.captured) reads(v);
    }
  }
  for (ValueId v : graph.outputs()) reads(v);
  for (const State& state : graph.states()) reads(state.written);
  std::vector<ValueId> available;
  for (ValueId v = 0; v < graph.num_values(); ++v) {
    const auto i = static_cast<std::size_t>(v);
    if (read[i] && env[i].defined()) available.push_back(v);
  }
  return available;
}

// A plan that does not depend on elements when one is possible: a loop whose counter is an input
// would need a plan for each trip otherwise.
StatusOr<std::shared_ptr<const Segment>> Session::Impl::PlanFrom(std::size_t begin,
                                                                 const Environment& env) {
  const std::vector<ValueId> available = AvailableAt(begin, env);
  PlanKey key;
  key.begin = begin;
  std::vector<InputType> types;
  std::vector<std::int64_t> elements;
  for (ValueId v : available) {
    const Tensor& tensor = env[static_cast<std::size_t>(v)];
    types.push_back({tensor.dtype(), tensor.shape()});
    key.shapes.push_back(tensor.shape());
    if (!MayBeShapeData(tensor)) continue;
    const std::vector<std::int64_t> values = ToInt64s(tensor);
    elements.insert(elements.end(), values.begin(), values.end());
  }
  const auto stopped_by_shapes = [&](const Segment& segment) {
    if (whole(segment) || elements.empty()) return false;
    const Node& node = model->graph().node(model->order()[segment.end]);
    const bool control = !node.subgraphs.empty() && node.op->lower == nullptr;
    return !control && !node.op->data_dependent_shape;
  };
  std::shared_ptr<const Segment> segment = cache.Find(begin, key.shapes, {});
  if (segment == nullptr) {
    PLUMB_ASSIGN_OR_RETURN(segment, MakePlan(begin, available, types, nullptr));
    cache.Insert(key, segment);
  }
  if (!stopped_by_shapes(*segment)) return segment;
  if (auto found = cache.Find(begin, key.shapes, elements)) return found;
  PLUMB_ASSIGN_OR_RETURN(segment, MakePlan(begin, available, types, &env));
  key.elements = std::move(elements);
  cache.Insert(std::move(key), segment);
  return segment;
}

Status Session::Impl::RunSegment(const std::shared_ptr<const Segment>& segment,
                                 const RunOptions& options, Environment* env) {
  std::vector<const void*> inputs;
  for (ValueId v : segment->inputs) inputs.push_back((*env)[static_cast<std::size_t>(v)].raw());
  std::vector<Tensor> results;
  std::vector<void*> outputs;
  for (std::size_t i = 0; i < segment->outputs.size(); ++i) {
    PLUMB_ASSIGN_OR_RETURN(
        Tensor tensor, Tensor::TryAllocate(segment->output_types[i], segment->output_shapes[i]));
    results.push_back(std::move(tensor));
    outputs.push_back(results.back().mutable_raw());
  }
  ArenaPool::Lease arena = arenas.Take();
  PLUMB_RETURN_IF_ERROR(arena->Reserve(segment->program.arena_bytes));
  runtime::RunControl control;
  control.deadline_ns = options.deadline_ns;
  control.cancel = options.cancel;
  std::vector<std::int64_t> times(segment->program.steps.size() + 1);
  if (options.profile != nullptr) control.step_times = times;
  int failed = -1;
  control.failed_step = &failed;
  const Status status =
      runtime::Run(segment->program, arena->data(), inputs, outputs, pool, control);
  PLUMB_RETURN_IF_ERROR(NameStep(status, *segment, failed));
  if (options.profile != nullptr) Record(segment, times, options.profile);
  for (std::size_t i = 0; i < results.size(); ++i) {
    (*env)[static_cast<std::size_t>(segment->outputs[i])] = std::move(results[i]);
  }
  return OkStatus();
}

Session& Session::Impl::Body(NodeId id, int index, std::shared_ptr<Model> body) {
  const std::lock_guard<std::mutex> lock(body_mutex);
  std::unique_ptr<Session>& session = bodies[{id, index}];
  if (session == nullptr) session = std::make_unique<Session>(std::move(body), pool);
  return *session;
}

// A node that a plan cannot hold: runs on tensors, its subgraphs through sessions of their own.
Status Session::Impl::RunHostNode(NodeId id, const RunOptions& options, Environment* env) {
  const Graph& graph = model->graph();
  const Node& node = graph.node(id);
  const auto get = [&](ValueId v) {
    if (v == kNoValue) return Tensor();
    const Value& value = graph.value(v);
    return value.constant.defined() ? value.constant : (*env)[static_cast<std::size_t>(v)];
  };
  std::vector<Tensor> inputs;
  for (ValueId v : node.inputs) inputs.push_back(get(v));
  ReferenceContext context(node, inputs);
  context.run_subgraph = [&](int index,
                             std::vector<Tensor> arguments) -> StatusOr<std::vector<Tensor>> {
    PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<Model> body, model->Body(id, index));
    for (ValueId v : node.subgraphs[static_cast<std::size_t>(index)].captured) {
      arguments.push_back(get(v));
    }
    RunOptions inner = options;
    inner.profile = nullptr;
    return Body(id, index, std::move(body)).impl_->RunGeneral(std::move(arguments), inner);
  };
  const std::int64_t begin = NowNanos();
  const Status status = node.op->reference(context);
  if (!status.ok()) {
    return Annotate(status, absl::StrCat("node '", node.name, "' (", Str(node.op->name), ")"));
  }
  if (options.profile != nullptr) {
    auto info = std::make_shared<StepInfo>();
    info->node = id;
    info->name = node.name;
    info->op = Str(node.op->name);
    info->algorithm = "host";
    options.profile->host_steps.push_back(info);
    options.profile->steps.push_back({info.get(), begin, NowNanos()});
  }
  for (std::size_t o = 0; o < node.outputs.size(); ++o) {
    if (node.outputs[o] == kNoValue) continue;
    (*env)[static_cast<std::size_t>(node.outputs[o])] = std::move(context.outputs[o]);
  }
  return OkStatus();
}

StatusOr<std::vector<Tensor>> Session::Impl::RunGeneral(std::vector<Tensor> inputs,
                                                        const RunOptions& options) {
  const Graph& graph = model->graph();
  std::unique_lock<std::mutex> state_lock;
  if (!graph.states().empty()) state_lock = std::unique_lock<std::mutex>(state_mutex);
  for (const State& state : graph.states()) inputs.push_back(states.at(state.name));
  PLUMB_CHECK(inputs.size() == sources.size(), inputs.size(), " for ", sources.size());
  Environment env(static_cast<std::size_t>(graph.num_values()));
  for (std::size_t i = 0; i < sources.size(); ++i) {
    env[static_cast<std::size_t>(sources[i])] = std::move(inputs[i]);
  }
  for (std::size_t begin = 0;;) {
    PLUMB_ASSIGN_OR_RETURN(const std::shared_ptr<const Segment> segment, PlanFrom(begin, env));
    PLUMB_RETURN_IF_ERROR(RunSegment(segment, options, &env));
    if (whole(*segment)) break;
    PLUMB_RETURN_IF_ERROR(RunHostNode(model->order()[segment->end], options, &env));
    begin = segment->end + 1;
  }
  for (const State& state : graph.states()) {
    states[state.name] = env[static_cast<std::size_t>(state.written)];
  }
  std::vector<Tensor> outputs;
  for (ValueId v : graph.outputs()) {
    const Tensor& computed = env[static_cast<std::size_t>(v)];
    outputs.push_back(computed.defined() ? computed : graph.value(v).constant);
  }
  return outputs;
}

}  // namespace plumb::engine
