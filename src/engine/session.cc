#include "engine/session.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <mutex>

#include "core/check.h"
#include "core/clock.h"
#include "engine/arena_pool.h"
#include "engine/input_check.h"
#include "engine/plan_cache.h"
#include "engine/planner.h"
#include "graph/infer.h"

namespace plumb::engine {
namespace {

constexpr std::size_t kFewOperands = 16;  // shapes of so many inputs are kept on the stack

// A span over the stack for few elements, over the heap for many.
template <typename T>
class SmallArray {
 public:
  explicit SmallArray(std::size_t size) : size_(size) {
    if (size > kFewOperands) many_.resize(size);
  }
  std::span<T> span() { return {size_ > kFewOperands ? many_.data() : few_.data(), size_}; }
  T& operator[](std::size_t i) { return span()[i]; }

 private:
  std::array<T, kFewOperands> few_{};
  std::vector<T> many_;
  std::size_t size_;
};

// Elements that shape arithmetic may read: few integers.
constexpr std::int64_t kMaxElementsInKey = 64;
bool MayBeShapeData(const Tensor& tensor) {
  return (tensor.dtype() == DType::kInt64 || tensor.dtype() == DType::kInt32) &&
         tensor.rank() <= 1 && tensor.num_elements() <= kMaxElementsInKey;
}

// Kernels know no names: the step that ended a run is named here. Host steps name themselves.
Status NameStep(const Status& status, const Segment& segment, int failed) {
  if (status.ok() || failed < 0) return status;
  const auto index = static_cast<std::size_t>(failed);
  if (segment.program.steps[index].host != nullptr) return status;
  const StepInfo& step = segment.steps[index];
  return Annotate(status, absl::StrCat("node '", step.name, "' (", step.op, ")"));
}

}  // namespace

struct Session::Impl {
  std::shared_ptr<Model> model;
  ThreadPool* pool;
  PlanCache cache;
  ArenaPool arenas;
  std::mutex state_mutex;
  std::map<std::string, Tensor> states;
  std::mutex body_mutex;
  std::map<std::pair<NodeId, int>, std::unique_ptr<Session>> bodies;
  std::vector<ValueId> sources;  // inputs, captures, state reads: what a run begins with

  using Environment = std::vector<Tensor>;  // by value; undefined where nothing is known

  Impl(std::shared_ptr<Model> m, ThreadPool* p) : model(std::move(m)), pool(p) {
    const Graph& graph = model->graph();
    sources = graph.inputs();
    sources.insert(sources.end(), graph.captures().begin(), graph.captures().end());
    for (const State& state : graph.states()) {
      sources.push_back(state.read);
      states[state.name] = state.initial;
    }
  }

  bool whole(const Segment& segment) const { return segment.end == model->order().size(); }
  // The program alone computes everything: no string among the outputs, which no arena holds.
  bool complete(const Segment& segment) const {
    return whole(segment) && segment.outputs.size() ==
                                 model->graph().outputs().size() + model->graph().states().size();
  }

  StatusOr<std::shared_ptr<const Segment>> MakePlan(std::size_t begin,
                                                    std::span<const ValueId> available,
                                                    std::span<const InputType> types,
                                                    const Environment* elements);
  StatusOr<std::shared_ptr<const Segment>> WholePlan(std::span<const InputType> types);
  Status RunWhole(const Segment& segment, const RunOptions& options,
                  std::span<const TensorView> inputs, std::span<const TensorView> outputs);
  StatusOr<std::vector<Tensor>> RunGeneral(std::vector<Tensor> inputs, const RunOptions& options);
  StatusOr<std::shared_ptr<const Segment>> PlanFrom(std::size_t begin, const Environment& env);
  Status RunSegment(const std::shared_ptr<const Segment>& segment, const RunOptions& options,
                    Environment* env);
  Status RunHostNode(NodeId id, const RunOptions& options, Environment* env);
  Session& Body(NodeId id, int index, std::shared_ptr<Model> body);
  std::vector<ValueId> AvailableAt(std::size_t begin, const Environment& env) const;
  void Record(const std::shared_ptr<const Segment>& segment, std::span<const std::int64_t> times,
              StepProfile* profile) const;
};

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
  Planner planner(model.get(), &inference, {available.begin(), available.end()}, begin);
  PLUMB_ASSIGN_OR_RETURN(Segment segment, planner.Plan());
  return std::make_shared<const Segment>(std::move(segment));
}

// The plan of everything, or of what comes before the first node that cannot be planned.
StatusOr<std::shared_ptr<const Segment>> Session::Impl::WholePlan(
    std::span<const InputType> types) {
  SmallArray<Shape> shapes(types.size());
  for (std::size_t i = 0; i < types.size(); ++i) shapes[i] = types[i].shape;
  if (auto found = cache.Find(0, shapes.span(), {})) return found;
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const Segment> segment,
                         MakePlan(0, sources, types, nullptr));
  PlanKey key;
  for (const InputType& type : types) key.shapes.push_back(type.shape);
  cache.Insert(std::move(key), segment);
  return segment;
}

void Session::Impl::Record(const std::shared_ptr<const Segment>& segment,
                           std::span<const std::int64_t> times, StepProfile* profile) const {
  profile->segments.push_back(segment);
  for (std::size_t i = 0; i < segment->steps.size(); ++i) {
    profile->steps.push_back({&segment->steps[i], times[i], times[i + 1]});
  }
}

Status Session::Impl::RunWhole(const Segment& segment, const RunOptions& options,
                               std::span<const TensorView> inputs,
                               std::span<const TensorView> outputs) {
  SmallArray<const void*> in(inputs.size());
  SmallArray<void*> out(outputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) in[i] = inputs[i].data;
  for (std::size_t i = 0; i < outputs.size(); ++i) out[i] = outputs[i].data;
  ArenaPool::Lease arena = arenas.Take();
  PLUMB_RETURN_IF_ERROR(arena->Reserve(segment.program.arena_bytes));
  runtime::RunControl control;
  control.deadline_ns = options.deadline_ns;
  control.cancel = options.cancel;
  int failed = -1;
  control.failed_step = &failed;
  const Status status =
      runtime::Run(segment.program, arena->data(), in.span(), out.span(), pool, control);
  return NameStep(status, segment, failed);
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

Session::Session(std::shared_ptr<Model> model, ThreadPool* pool)
    : impl_(std::make_unique<Impl>(std::move(model), pool)) {}
Session::~Session() = default;

const Model& Session::model() const { return *impl_->model; }

StatusOr<std::shared_ptr<const Segment>> Session::FirstSegment(
    std::span<const Shape> input_shapes) {
  const Graph& graph = impl_->model->graph();
  if (input_shapes.size() != graph.inputs().size()) {
    return InvalidArgument("the model has ", graph.inputs().size(), " inputs, shapes of ",
                           input_shapes.size(), " were given");
  }
  std::vector<InputType> types;
  for (std::size_t i = 0; i < input_shapes.size(); ++i) {
    types.push_back({graph.value(graph.inputs()[i]).info.dtype, input_shapes[i]});
  }
  PLUMB_RETURN_IF_ERROR(CheckInputs(graph, types));
  PLUMB_CHECK(graph.captures().empty(), "a body is planned by its loop");
  for (const State& state : graph.states()) {
    types.push_back({state.initial.dtype(), state.initial.shape()});
  }
  return impl_->WholePlan(types);
}

Status Session::Prepare(std::span<const Shape> input_shapes) {
  return FirstSegment(input_shapes).status();
}

StatusOr<std::vector<Shape>> Session::OutputShapes(std::span<const Shape> input_shapes) {
  PLUMB_ASSIGN_OR_RETURN(const std::shared_ptr<const Segment> segment, FirstSegment(input_shapes));
  if (!impl_->whole(*segment)) {
    const Node& node = impl_->model->graph().node(impl_->model->order()[segment->end]);
    return absl::FailedPreconditionError(absl::StrCat("output shapes are known only after node '",
                                                      node.name, "' (", Str(node.op->name),
                                                      ") has run"));
  }
  if (!impl_->complete(*segment)) {
    return absl::FailedPreconditionError("an output holds strings: its size is known by running");
  }
  const std::size_t outputs = impl_->model->graph().outputs().size();
  return std::vector<Shape>(segment->output_shapes.begin(),
                            segment->output_shapes.begin() + static_cast<std::ptrdiff_t>(outputs));
}

namespace {

Status CheckOutput(const Graph& graph, std::size_t i, const TensorView& output, DType dtype,
                   const Shape& shape) {
  if (output.dtype == dtype && output.shape == shape) return OkStatus();
  return InvalidArgument("output '", graph.value(graph.outputs()[i]).name, "' has type ",
                         Str(DTypeName(dtype)), " and shape ", shape.ToString(),
                         ", the buffer given for it ", Str(DTypeName(output.dtype)), " ",
                         output.shape.ToString());
}

}  // namespace

Status Session::Run(const RunOptions& options, std::span<const TensorView> inputs,
                    std::span<const TensorView> outputs) {
  const Graph& graph = impl_->model->graph();
  if (outputs.size() != graph.outputs().size()) {
    return InvalidArgument("the model has ", graph.outputs().size(), " outputs, buffers for ",
                           outputs.size(), " were given");
  }
  SmallArray<InputType> types(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) types[i] = {inputs[i].dtype, inputs[i].shape};
  PLUMB_RETURN_IF_ERROR(CheckInputs(graph, types.span()));
  if (graph.states().empty() && options.profile == nullptr) {
    PLUMB_ASSIGN_OR_RETURN(const std::shared_ptr<const Segment> segment,
                           impl_->WholePlan(types.span()));
    if (impl_->complete(*segment)) {
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        PLUMB_RETURN_IF_ERROR(
            CheckOutput(graph, i, outputs[i], segment->output_types[i], segment->output_shapes[i]));
      }
      return impl_->RunWhole(*segment, options, inputs, outputs);
    }
  }
  std::vector<Tensor> tensors;
  for (const TensorView& input : inputs) {
    tensors.push_back(Tensor::Wrap(input.dtype, input.shape, input.data, nullptr));
  }
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> results,
                         impl_->RunGeneral(std::move(tensors), options));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& result = results[i];
    PLUMB_RETURN_IF_ERROR(CheckOutput(graph, i, outputs[i], result.dtype(), result.shape()));
    if (result.dtype() == DType::kString) {
      const auto strings = result.data<std::string>();
      std::copy(strings.begin(), strings.end(), static_cast<std::string*>(outputs[i].data));
    } else if (result.bytes() > 0) {
      std::memcpy(outputs[i].data, result.raw(), static_cast<std::size_t>(result.bytes()));
    }
  }
  return OkStatus();
}

StatusOr<std::vector<Tensor>> Session::Run(const std::vector<Tensor>& inputs,
                                           const RunOptions& options) {
  std::vector<InputType> types;
  for (const Tensor& input : inputs) types.push_back({input.dtype(), input.shape()});
  PLUMB_RETURN_IF_ERROR(CheckInputs(impl_->model->graph(), types));
  return impl_->RunGeneral(inputs, options);
}

}  // namespace plumb::engine
