#include "lab/quantize.h"

#include "engine/quantize/insert_qdq.h"
#include "lab/error_sums.h"
#include "ops/ops.h"

namespace plumb::lab {
namespace {

void Fill(const ErrorSums& sums, QuantizationError* of) {
  of->comparable = sums.comparable;
  of->relative = sums.relative();
  of->sqnr_db = sums.sqnr_db();
}

std::string NodeOf(const Graph& graph, ValueId v) {
  const NodeId producer = graph.value(v).producer;
  return producer == kNoNode ? std::string() : graph.node(producer).name;
}

Status MeasureErrors(const Graph& graph, const std::vector<engine::LayerNames>& layers,
                     const SampleRunner& runner, Quantization* result) {
  Graph real = graph.Clone(), quantised = result->graph.Clone();
  for (const ValueId v : graph.outputs()) {
    result->outputs.push_back({graph.value(v).name, NodeOf(graph, v), "", true, 0, 0});
  }
  for (const engine::LayerNames& layer : layers) {
    real.AddOutput(real.FindValue(layer.float_value));
    quantised.AddOutput(quantised.FindValue(layer.quantised_value));
    result->layers.push_back({layer.float_value, layer.node, layer.op, true, 0, 0});
  }
  PLUMB_ASSIGN_OR_RETURN(const auto real_session, runner.Compile(real));
  std::vector<ErrorSums> sums(result->outputs.size() + layers.size());
  const auto take = [&](std::int64_t sample, const std::vector<Tensor>& outputs) -> Status {
    PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs, runner.samples.read(sample));
    PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> expected, real_session->Run(inputs));
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i].Add(outputs[i], expected[i]);
    }
    return OkStatus();
  };
  PLUMB_RETURN_IF_ERROR(runner.OnEverySample(quantised, "errors", take));
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::size_t count = result->outputs.size();
    Fill(sums[i], i < count ? &result->outputs[i] : &result->layers[i - count]);
  }
  return OkStatus();
}

}  // namespace

StatusOr<Quantization> Quantize(const Graph& graph, const engine::QuantizeOptions& options,
                                const SampleRunner& runner) {
  PLUMB_ASSIGN_OR_RETURN(const CalibratedModel model, Calibrate(graph, options, runner));
  if (model.plan.layers.empty()) {
    return InvalidArgument(
        "nothing to quantise: no convolution or matrix product of f32 with a constant weight is "
        "left");
  }
  Quantization result{model.graph.Clone(), {}, {}};
  std::vector<engine::LayerNames> layers;
  PLUMB_RETURN_IF_ERROR(engine::InsertQdq(result.graph, ops::AllOps(), model.plan, options,
                                          model.ranges, model.biases, &layers));
  PLUMB_RETURN_IF_ERROR(MeasureErrors(model.graph, layers, runner, &result));
  return result;
}

}  // namespace plumb::lab
