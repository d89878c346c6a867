#include "pipeline/network.h"

#include <algorithm>
#include <filesystem>

#include "engine/background_tuner.h"
#include "onnx/import.h"
#include "ops/ops.h"

namespace plumb::pipeline {
namespace {

// Reading and compiling a model, as a span of the stage that was the first to ask for it.
class LoadSpan {
 public:
  LoadSpan(const StageContext& context, const std::string& path) : recorder_(context.recorder) {
    if (recorder_ == nullptr) return;
    span_.where = recorder_->Name(context.id);
    span_.note = recorder_->Name(path);
    span_.kind = measure::Kind::kLoad;
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(path, error);
    if (!error) span_.bytes_in = static_cast<std::int64_t>(bytes);
    span_.begin = recorder_->Now();
    cpu_begin_ = ThreadCpuNanos();
  }
  ~LoadSpan() {
    if (recorder_ == nullptr) return;
    span_.cpu_ns = ThreadCpuNanos() - cpu_begin_;
    span_.end = recorder_->Now();
    recorder_->Emit(span_);
  }
  LoadSpan(const LoadSpan&) = delete;
  LoadSpan& operator=(const LoadSpan&) = delete;

 private:
  measure::Recorder* recorder_;
  measure::Span span_;
  std::int64_t cpu_begin_ = 0;
};

}  // namespace

Network::Network(std::string path, std::shared_ptr<engine::Model> model, ThreadPool* pool)
    : path_(std::move(path)), session_(std::move(model), pool) {
  const Graph& graph = session_.model().graph();
  for (ValueId id : graph.inputs()) inputs_.push_back(graph.value(id).name);
  for (ValueId id : graph.outputs()) outputs_.push_back(graph.value(id).name);
}

StatusOr<std::shared_ptr<Network>> Network::Load(const StageContext& context,
                                                 const std::string& path, bool use_pool) {
  const std::string key = absl::StrCat(path, use_pool ? " on the pool" : " on one thread");
  return context.shared->Get<Network>(key, [&]() -> StatusOr<std::shared_ptr<Network>> {
    PLUMB_ASSIGN_OR_RETURN(
        const std::shared_ptr<engine::Model> model,
        context.shared->Get<engine::Model>(path, [&]() -> StatusOr<std::shared_ptr<engine::Model>> {
          const LoadSpan span(context, path);
          PLUMB_ASSIGN_OR_RETURN(Graph graph, onnx::ImportFile(path, ops::AllOps()));
          engine::CompileOptions options;
          options.target = context.target;
          options.tuning = context.tuning;
          PLUMB_ASSIGN_OR_RETURN(auto compiled, engine::Model::Compile(std::move(graph), options));
          if (context.tuner != nullptr) context.tuner->Add(compiled);
          return compiled;
        }));
    return std::shared_ptr<Network>(
        new Network(path, model, use_pool ? context.pool : context.no_pool));
  });
}

StatusOr<std::vector<Tensor>> Network::Run(const std::vector<Tensor>& inputs,
                                           const std::atomic<bool>* cancel,
                                           engine::StepProfile* profile) {
  engine::RunOptions options;
  options.profile = profile;
  options.cancel = cancel;
  StatusOr<std::vector<Tensor>> outputs = session_.Run(inputs, options);
  if (!outputs.ok()) return Annotate(outputs.status(), absl::StrCat("model '", path_, "'"));
  return outputs;
}

Status Network::ExpectOneToOne() const {
  if (inputs_.size() == 1 && outputs_.size() == 1) return OkStatus();
  return InvalidArgument("model '", path_, "' has ", inputs_.size(), " inputs and ",
                         outputs_.size(), " outputs, expected one of each");
}

Status NetworkRunner::Start(const StageContext& context, const std::string& path, bool use_pool,
                            bool profile) {
  cancel_ = context.cancel;
  if ((profile || context.profile) && context.recorder != nullptr) {
    records_.emplace(context.recorder);
  }
  PLUMB_ASSIGN_OR_RETURN(network_, Network::Load(context, path, use_pool));
  return OkStatus();
}

StatusOr<std::vector<Tensor>> NetworkRunner::Run(const std::vector<Tensor>& inputs) {
  if (!records_) return network_->Run(inputs, cancel_, nullptr);
  engine::StepProfile profile;
  PLUMB_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, network_->Run(inputs, cancel_, &profile));
  records_->Append(profile, &spans_);
  return outputs;
}

void NetworkRunner::TakeSpans(std::vector<measure::Span>* spans) {
  spans->insert(spans->end(), spans_.begin(), spans_.end());
  spans_.clear();
}

StatusOr<Rows> NetworkRunner::RunCrops(const Tensor& crops, const std::string& name,
                                       std::int64_t max_batch) {
  if (crops.rank() != 4 || crops.dtype() != DType::kFloat32) {
    return InvalidArgument("'", name, "' is ", crops.shape().ToString(),
                           ", expected FACESx3xHEIGHTxWIDTH of f32");
  }
  Rows result;
  const std::int64_t count = crops.shape()[0];
  for (std::int64_t first = 0; first < count; first += max_batch) {
    Shape shape = crops.shape();
    shape[0] = std::min(max_batch, count - first);
    const std::int64_t row_bytes = crops.bytes() / count;
    const Tensor part = Tensor::Wrap(crops.dtype(), shape,
                                     static_cast<const char*>(crops.raw()) + first * row_bytes,
                                     std::make_shared<Tensor>(crops));
    PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, Run({part}));
    const Tensor& output = outputs[0];
    if (output.dtype() != DType::kFloat32 || output.rank() < 2 || output.shape()[0] != shape[0] ||
        output.num_elements() < shape[0]) {
      return InvalidArgument("model '", network_->path(), "' gives ", output.shape().ToString(),
                             " for ", shape[0], " crops, expected ", shape[0], "xDIMS of f32");
    }
    result.width = output.num_elements() / shape[0];
    const auto values = output.data<float>();
    result.values.insert(result.values.end(), values.begin(), values.end());
  }
  return result;
}

}  // namespace plumb::pipeline
