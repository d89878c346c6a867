// model: runs a network on the tensors of a message; its outputs become payloads by their names.
//
// Keys: model (ONNX file); input or inputs (names of payloads, in the model's order); prefix (put
// before the names of outputs); batch (messages run together, 1 to 64); use_pool (threads of one
// run); profile (records the steps of the network).
#include <cstring>

#include "pipeline/network.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {
namespace {

struct ModelParams {
  std::string model;
  std::vector<std::string> inputs;
  std::string prefix;
  int batch = 1;
  bool use_pool = false, profile = false;
};

// Tensors of the same type and shape, put together along axis 0.
StatusOr<Tensor> Stack(const std::vector<const Tensor*>& tensors, const std::string& name) {
  const Tensor& first = *tensors[0];
  if (first.rank() < 1 || first.dtype() == DType::kString) {
    return InvalidArgument("'", name, "' cannot be put into a batch: it has no axis to stack on");
  }
  Shape shape = first.shape();
  shape[0] *= static_cast<std::int64_t>(tensors.size());
  PLUMB_ASSIGN_OR_RETURN(Tensor stacked, Tensor::TryAllocate(first.dtype(), shape));
  char* to = static_cast<char*>(stacked.mutable_raw());
  for (const Tensor* tensor : tensors) {
    if (tensor->dtype() != first.dtype() || !(tensor->shape() == first.shape())) {
      return InvalidArgument("'", name, "' is ", tensor->shape().ToString(), " in one message and ",
                             first.shape().ToString(),
                             " in another: bring them to one size before, or set batch: 1");
    }
    std::memcpy(to, tensor->raw(), static_cast<std::size_t>(tensor->bytes()));
    to += tensor->bytes();
  }
  return stacked;
}

// Part `index` of `count` equal ones along axis 0; shares the bytes.
StatusOr<Tensor> Part(const Tensor& whole, std::size_t index, std::size_t count,
                      const std::string& name) {
  const auto parts = static_cast<std::int64_t>(count);
  if (whole.rank() < 1 || whole.shape()[0] % parts != 0) {
    return InvalidArgument("output '", name, "' of shape ", whole.shape().ToString(),
                           " has no batch axis to split into ", count, ": set batch: 1");
  }
  Shape shape = whole.shape();
  shape[0] /= parts;
  const std::int64_t bytes = whole.bytes() / parts;
  const auto keep = std::make_shared<Tensor>(whole);
  return Tensor::Wrap(
      whole.dtype(), shape,
      static_cast<const char*>(whole.raw()) + bytes * static_cast<std::int64_t>(index), keep);
}

class ModelStage : public Stage {
 public:
  explicit ModelStage(const ModelParams& params) : params_(params) {}

  Status Start(const StageContext& context) override {
    PLUMB_RETURN_IF_ERROR(runner_.Start(context, params_.model, params_.use_pool, params_.profile));
    if (params_.inputs.size() != runner_.network().inputs().size()) {
      return InvalidArgument("model '", params_.model, "' has ", runner_.network().inputs().size(),
                             " inputs, 'inputs' names ", params_.inputs.size());
    }
    return OkStatus();
  }

  int batch() const override { return params_.batch; }

  Status Process(Message& message) override {
    Message* one = &message;
    Status result;
    PLUMB_RETURN_IF_ERROR(ProcessBatch({&one, 1}, {&result, 1}));
    return result;
  }

  Status ProcessBatch(std::span<Message*> messages, std::span<Status> /*results*/) override {
    std::vector<Tensor> inputs;
    for (const std::string& name : params_.inputs) {
      std::vector<const Tensor*> tensors;
      for (Message* message : messages) {
        PLUMB_ASSIGN_OR_RETURN(const Tensor* tensor, message->Get<Tensor>(name));
        tensors.push_back(tensor);
      }
      if (tensors.size() == 1) {
        inputs.push_back(*tensors[0]);
      } else {
        PLUMB_ASSIGN_OR_RETURN(inputs.emplace_back(), Stack(tensors, name));
      }
    }
    PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, runner_.Run(inputs));
    const auto share = static_cast<std::int64_t>(messages.size());
    std::int64_t bytes_in = 0, bytes_out = 0;
    for (const Tensor& input : inputs) bytes_in += input.bytes();
    for (const Tensor& output : outputs) bytes_out += output.bytes();
    for (Message* message : messages) message->work = {-1, bytes_in / share, bytes_out / share};
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      const std::string& name = runner_.network().outputs()[o];
      for (std::size_t m = 0; m < messages.size(); ++m) {
        Tensor output = outputs[o];
        if (messages.size() > 1) {
          PLUMB_ASSIGN_OR_RETURN(output, Part(outputs[o], m, messages.size(), name));
        }
        messages[m]->Set(params_.prefix + name, std::move(output));
      }
    }
    return OkStatus();
  }

  void TakeSpans(std::vector<measure::Span>* spans) override { runner_.TakeSpans(spans); }

 private:
  const ModelParams params_;
  NetworkRunner runner_;
};

}  // namespace

StatusOr<std::unique_ptr<Stage>> MakeModel(StageParams& params) {
  ModelParams p;
  p.model = params.Path("model");
  p.inputs = params.Texts("inputs");
  const std::string input = params.Text("input", "input");
  if (p.inputs.empty()) p.inputs = {input};
  p.prefix = params.Text("prefix", "");
  p.batch = static_cast<int>(params.Int("batch", 1, 1, 64));
  p.use_pool = params.Flag("use_pool", false);
  p.profile = params.Flag("profile", false);
  PLUMB_RETURN_IF_ERROR(params.Finish());
  return std::make_unique<ModelStage>(p);
}

}  // namespace plumb::pipeline
