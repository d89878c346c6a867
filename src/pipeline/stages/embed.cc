// embed: a vector of unit length for each crop, and the same as int8.
//
// Keys: model (ONNX file with one input [n, 3, height, width] and one output [n, dims]); input
// (payload with the crops); output; max_batch (crops of one run); use_pool;
// profile (records the steps of the network).
#include "pipeline/gallery.h"
#include "pipeline/network.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {
namespace {

struct EmbedParams {
  std::string model, input, output;
  std::int64_t max_batch = 16;
  bool use_pool = false, profile = false;
};

class EmbedStage : public Stage {
 public:
  explicit EmbedStage(const EmbedParams& params) : params_(params) {}

  Status Start(const StageContext& context) override {
    PLUMB_RETURN_IF_ERROR(runner_.Start(context, params_.model, params_.use_pool, params_.profile));
    return runner_.network().ExpectOneToOne();
  }

  Status Process(Message& message) override {
    PLUMB_ASSIGN_OR_RETURN(const Tensor* crops, message.Get<Tensor>(params_.input));
    PLUMB_ASSIGN_OR_RETURN(Rows rows, runner_.RunCrops(*crops, params_.input, params_.max_batch));
    const std::int64_t count = crops->shape()[0];
    Embeddings embeddings;
    embeddings.dims = static_cast<int>(rows.width);
    embeddings.unit = std::move(rows.values);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::span<float> vector(embeddings.unit.data() + i * embeddings.dims,
                                    static_cast<std::size_t>(embeddings.dims));
      Normalise(vector);
      const std::vector<std::int8_t> values = Quantise(vector);
      embeddings.values.insert(embeddings.values.end(), values.begin(), values.end());
    }
    message.work = {count, crops->bytes(),
                    static_cast<std::int64_t>(embeddings.unit.size() * sizeof(float) +
                                              embeddings.values.size())};
    message.Erase(params_.input);
    message.Set(params_.output, std::move(embeddings));
    return OkStatus();
  }

  void TakeSpans(std::vector<measure::Span>* spans) override { runner_.TakeSpans(spans); }

 private:
  const EmbedParams params_;
  NetworkRunner runner_;
};

}  // namespace

StatusOr<std::unique_ptr<Stage>> MakeEmbed(StageParams& params) {
  EmbedParams p;
  p.model = params.Path("model");
  p.input = params.Text("input", "faces");
  p.output = params.Text("output", "embeddings");
  p.max_batch = params.Int("max_batch", 16, 1, 1024);
  p.use_pool = params.Flag("use_pool", false);
  p.profile = params.Flag("profile", false);
  PLUMB_RETURN_IF_ERROR(params.Finish());
  return std::make_unique<EmbedStage>(p);
}

}  // namespace plumb::pipeline
