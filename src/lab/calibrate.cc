#include "lab/calibrate.h"

#include <algorithm>

#include "engine/quantize/correct_bias.h"
#include "engine/quantize/prepare.h"
#include "ops/ops.h"

namespace plumb::lab {
namespace {

using engine::RangeCollector;

Status MeasureRanges(const engine::QuantizeOptions& options, const SampleRunner& runner,
                     CalibratedModel* model) {
  const Graph& graph = model->graph;
  const std::vector<ValueId>& values = model->plan.values;
  Graph observed = graph.Clone();
  const std::size_t first = observed.outputs().size();
  for (const ValueId v : values) observed.AddOutput(v);
  std::map<ValueId, RangeCollector> collectors;
  const auto take = [&](std::int64_t, const std::vector<Tensor>& outputs) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Status added = collectors[values[i]].Add(outputs[first + i].data<float>());
      if (!added.ok()) {
        return Annotate(added, absl::StrCat("value '", graph.value(values[i]).name, "'"));
      }
    }
    return OkStatus();
  };
  PLUMB_RETURN_IF_ERROR(runner.OnEverySample(observed, "ranges", take));
  for (const auto& [v, collector] : collectors) {
    const bool input = std::ranges::find(graph.inputs(), v) != graph.inputs().end();
    if (input && collector.count() > 1 && collector.min() == collector.max()) {
      return InvalidArgument("input '", graph.value(v).name, "' is ", collector.min(),
                             " everywhere in all samples: expected samples that are typical");
    }
    model->ranges[v] = collector.range(options.ranges);
  }
  return OkStatus();
}

Status CorrectBiases(const engine::QuantizeOptions& options, const SampleRunner& runner,
                     CalibratedModel* model) {
  PLUMB_ASSIGN_OR_RETURN(
      const engine::BiasProbe probe,
      engine::MakeBiasProbe(model->graph, ops::AllOps(), model->plan, options, model->ranges));
  if (probe.layers.empty()) return OkStatus();
  engine::BiasCorrection correction(probe);
  const auto take = [&](std::int64_t, const std::vector<Tensor>& outputs) {
    correction.Add(outputs);
    return OkStatus();
  };
  PLUMB_RETURN_IF_ERROR(runner.OnEverySample(probe.graph, "biases", take));
  model->biases = correction.biases();
  return OkStatus();
}

}  // namespace

StatusOr<std::unique_ptr<engine::Session>> SampleRunner::Compile(const Graph& graph) const {
  engine::CompileOptions options;
  options.target = target;
  PLUMB_ASSIGN_OR_RETURN(auto model, engine::Model::Compile(graph.Clone(), options));
  return std::make_unique<engine::Session>(std::move(model), pool);
}

Status SampleRunner::OnEverySample(const Graph& graph, std::string_view what,
                                   const Outputs& take) const {
  PLUMB_ASSIGN_OR_RETURN(const auto session, Compile(graph));
  const bool told = progress && !what.empty();
  for (std::int64_t i = 0; i < samples.count; ++i) {
    if (told) progress(what, i, samples.count);
    PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs, samples.read(i));
    PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session->Run(inputs));
    PLUMB_RETURN_IF_ERROR(take(i, outputs));
  }
  if (told) progress(what, samples.count, samples.count);
  return OkStatus();
}

StatusOr<CalibratedModel> Calibrate(const Graph& graph, const engine::QuantizeOptions& options,
                                    const SampleRunner& runner) {
  if (runner.samples.count < 1) {
    return InvalidArgument("no samples to calibrate on: expected one or more");
  }
  CalibratedModel model;
  model.graph = graph.Clone();
  PLUMB_RETURN_IF_ERROR(engine::PrepareToQuantize(model.graph, ops::AllOps()));
  PLUMB_ASSIGN_OR_RETURN(model.plan, engine::PlanQuantization(model.graph, options));
  PLUMB_RETURN_IF_ERROR(MeasureRanges(options, runner, &model));
  if (options.correct_bias) PLUMB_RETURN_IF_ERROR(CorrectBiases(options, runner, &model));
  return model;
}

}  // namespace plumb::lab
