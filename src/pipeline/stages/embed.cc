// embed: a vector of unit length for each crop, and the same as int8.
//
// Keys: model (ONNX file with one input [n, 3, height, width] and one output [n, dims]); input
// (payload with the crops); output; max_batch (crops of one run); use_pool.
#include "pipeline/gallery.h"
#include "pipeline/network.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {
namespace {

struct EmbedParams {
  std::string model, input, output;
  std::int64_t max_batch = 16;
  bool use_pool = false;
};

class EmbedStage : public Stage {
 public:
  explicit EmbedStage(const EmbedParams& params) : params_(params) {}

  Status Start(const StageContext& context) override {
    cancel_ = context.cancel;
    PLUMB_ASSIGN_OR_RETURN(network_, Network::Load(context, params_.model, params_.use_pool));
    if (network_->inputs().size() != 1 || network_->outputs().size() != 1) {
      return InvalidArgument("model '", params_.model, "' has ", network_->inputs().size(),
                             " inputs and ", network_->outputs().size(),
                             " outputs, expected one of each");
    }
    return OkStatus();
  }

  Status Process(Message& message) override {
    PLUMB_ASSIGN_OR_RETURN(const Tensor* crops, message.Get<Tensor>(params_.input));
    if (crops->rank() != 4 || crops->dtype() != DType::kFloat32) {
      return InvalidArgument("'", params_.input, "' is ", crops->shape().ToString(),
                             ", expected FACESx3xHEIGHTxWIDTH of f32");
    }
    const std::int64_t count = crops->shape()[0];
    Embeddings embeddings;
    for (std::int64_t first = 0; first < count; first += params_.max_batch) {
      const std::int64_t rows = std::min(params_.max_batch, count - first);
      PLUMB_RETURN_IF_ERROR(Run(*crops, first, rows, &embeddings));
    }
    for (std::int64_t i = 0; i < count; ++i) {
      const std::span<float> vector(embeddings.unit.data() + i * embeddings.dims,
                                    static_cast<std::size_t>(embeddings.dims));
      Normalise(vector);
      const std::vector<std::int8_t> values = Quantise(vector);
      embeddings.values.insert(embeddings.values.end(), values.begin(), values.end());
    }
    message.Erase(params_.input);
    message.Set(params_.output, std::move(embeddings));
    return OkStatus();
  }

 private:
  // Adds the outputs of rows [first, first + rows) of the crops.
  Status Run(const Tensor& crops, std::int64_t first, std::int64_t rows, Embeddings* embeddings) {
    Shape shape = crops.shape();
    shape[0] = rows;
    const std::int64_t row_bytes = crops.bytes() / crops.shape()[0];
    const Tensor part = Tensor::Wrap(crops.dtype(), shape,
                                     static_cast<const char*>(crops.raw()) + first * row_bytes,
                                     std::make_shared<Tensor>(crops));
    PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, network_->Run({part}, cancel_));
    const Tensor& output = outputs[0];
    if (output.dtype() != DType::kFloat32 || output.rank() < 2 || output.shape()[0] != rows ||
        output.num_elements() < rows) {
      return InvalidArgument("model '", params_.model, "' gives ", output.shape().ToString(),
                             " for ", rows, " crops, expected ", rows, "xDIMS of f32");
    }
    embeddings->dims = static_cast<int>(output.num_elements() / rows);
    const auto values = output.data<float>();
    embeddings->unit.insert(embeddings->unit.end(), values.begin(), values.end());
    return OkStatus();
  }

  const EmbedParams params_;
  const std::atomic<bool>* cancel_ = nullptr;
  std::shared_ptr<Network> network_;
};

}  // namespace

StatusOr<std::unique_ptr<Stage>> MakeEmbed(StageParams& params) {
  EmbedParams p;
  p.model = params.Path("model");
  p.input = params.Text("input", "faces");
  p.output = params.Text("output", "embeddings");
  p.max_batch = params.Int("max_batch", 16, 1, 1024);
  p.use_pool = params.Flag("use_pool", false);
  PLUMB_RETURN_IF_ERROR(params.Finish());
  return std::make_unique<EmbedStage>(p);
}

}  // namespace plumb::pipeline
