#include "engine/session.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/check.h"
#include "engine/session_impl.h"

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

}  // namespace

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
  types.reserve(inputs.size());
  for (const Tensor& input : inputs) types.push_back({input.dtype(), input.shape()});
  PLUMB_RETURN_IF_ERROR(CheckInputs(impl_->model->graph(), types));
  return impl_->RunGeneral(inputs, options);
}

}  // namespace plumb::engine
