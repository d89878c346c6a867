#include "lab/mix_models.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>

#include "engine/quantize/insert_rounding.h"
#include "lab/bench.h"
#include "lab/error_sums.h"
#include "ops/ops.h"

namespace plumb::lab {
namespace {

// Of results in fp32: those of further samples are computed when they are compared.
constexpr std::int64_t kKeptBytes = 256 << 20;

}  // namespace

StatusOr<MixModels> MixModels::Make(const Graph& graph, const MixOptions& options,
                                    const SampleRunner& runner) {
  MixModels models(options, runner);
  PLUMB_ASSIGN_OR_RETURN(models.model_, Calibrate(graph, options.quantize, runner));
  PLUMB_RETURN_IF_ERROR(models.RunReference());
  models.ListLayers();
  return models;
}

Status MixModels::RunReference() {
  PLUMB_ASSIGN_OR_RETURN(reference_, runner_.Compile(model_.graph));
  std::int64_t kept = 0;
  for (std::int64_t i = 0; i < runner_.samples.count && kept < kKeptBytes; ++i) {
    if (runner_.progress) runner_.progress("fp32", i, runner_.samples.count);
    PLUMB_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, ExpectedOf(i));
    for (const Tensor& output : outputs) kept += output.bytes();
    expected_.push_back(std::move(outputs));
  }
  if (runner_.progress) runner_.progress("fp32", runner_.samples.count, runner_.samples.count);
  const bool floats = std::ranges::any_of(
      expected_[0], [](const Tensor& tensor) { return IsFloating(tensor.dtype()); });
  if (floats) return OkStatus();
  return InvalidArgument("no output of floats whose error could be bounded");
}

StatusOr<std::vector<Tensor>> MixModels::ExpectedOf(std::int64_t sample) const {
  if (sample < static_cast<std::int64_t>(expected_.size())) {
    return expected_[static_cast<std::size_t>(sample)];
  }
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs, runner_.samples.read(sample));
  return reference_->Run(inputs);
}

std::vector<std::string> MixModels::OutputsWithoutFloats() const {
  std::vector<std::string> names;
  for (std::size_t o = 0; o < expected_[0].size(); ++o) {
    if (IsFloating(expected_[0][o].dtype())) continue;
    names.push_back(model_.graph.value(model_.graph.outputs()[o]).name);
  }
  return names;
}

StatusOr<MixModels::Errors> MixModels::ErrorsOf(const Graph& graph, std::int64_t samples,
                                                std::string_view what) const {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Errors errors;
  std::vector<ErrorSums> sums(expected_[0].size());
  const auto take = [&](std::int64_t sample, const std::vector<Tensor>& outputs) -> Status {
    PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> expected, ExpectedOf(sample));
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      sums[o].Add(outputs[o], expected[o]);
      if (!IsFloating(expected[o].dtype())) continue;
      ErrorSums alone;
      alone.Add(outputs[o], expected[o]);
      errors.largest = std::max(errors.largest, alone.comparable ? alone.relative() : kInfinity);
    }
    return OkStatus();
  };
  const CalibrationSamples first{samples, runner_.samples.read};
  const SampleRunner runner{first, runner_.target, runner_.pool, runner_.progress};
  PLUMB_RETURN_IF_ERROR(runner.OnEverySample(graph, what, take));
  for (std::size_t o = 0; o < sums.size(); ++o) {
    if (!IsFloating(expected_[0][o].dtype())) continue;
    errors.rms = std::max(errors.rms, sums[o].comparable ? sums[o].rms() : kInfinity);
  }
  return errors;
}

void MixModels::ListLayers() {
  std::set<std::string> integers;
  for (const engine::QuantizeLayer& layer : model_.plan.layers) {
    if (layer.product) integers.insert(std::string(model_.graph.node(layer.node).name));
  }
  const std::vector<std::string> narrow = engine::RoundableProducts(model_.graph, ops::AllOps());
  const std::set<std::string> rounded(narrow.begin(), narrow.end());
  for (NodeId id = 0; id < model_.graph.num_nodes(); ++id) {
    const Node& node = model_.graph.node(id);
    const std::string name(node.name);
    if (node.erased || (!integers.contains(name) && !rounded.contains(name))) continue;
    MixedLayer layer;
    layer.node = name;
    layer.op = Str(node.op->name);
    layer.fp32.possible = true;
    layer.bf16.possible = rounded.contains(name);
    layer.int8.possible = integers.contains(name);
    layers_.push_back(std::move(layer));
  }
}

StatusOr<Graph> MixModels::GraphOf(const Precisions& precisions) const {
  engine::QuantizeOptions quantize = options_.quantize;
  std::set<std::string> rounded;
  bool integers = false;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (precisions[i] == DType::kBFloat16) rounded.insert(layers_[i].node);
    if (precisions[i] == DType::kInt8) {
      integers = true;
    } else {
      quantize.exclude.push_back(layers_[i].node);
    }
  }
  Graph graph = model_.graph.Clone();
  if (integers) {
    PLUMB_ASSIGN_OR_RETURN(const engine::QuantizePlan plan,
                           engine::PlanQuantization(graph, quantize));
    PLUMB_RETURN_IF_ERROR(engine::InsertQdq(graph, ops::AllOps(), plan, quantize, model_.ranges,
                                            model_.biases, nullptr));
  }
  if (!rounded.empty()) {
    PLUMB_RETURN_IF_ERROR(engine::InsertRounding(graph, ops::AllOps(), rounded));
  }
  return graph;
}

Precisions MixModels::All(DType type) const {
  Precisions precisions;
  for (const MixedLayer& layer : layers_) {
    precisions.push_back(layer.form(type).possible ? type : DType::kFloat32);
  }
  return precisions;
}

StatusOr<std::vector<Shape>> MixModels::Shapes() const {
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs, runner_.samples.read(0));
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  return shapes;
}

StatusOr<double> MixModels::TimeOf(const Graph& graph) const {
  PLUMB_ASSIGN_OR_RETURN(const auto session, runner_.Compile(graph));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, Shapes());
  BenchOptions bench;
  bench.seconds = options_.seconds;
  PLUMB_ASSIGN_OR_RETURN(const BenchResult result, RunBench(*session, shapes, bench));
  return result.Ms(0.5);
}

Status MixModels::TimeLayers(const Graph& graph, DType type) {
  PLUMB_ASSIGN_OR_RETURN(const auto session, runner_.Compile(graph));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, Shapes());
  BenchOptions bench;
  bench.seconds = options_.seconds;
  bench.profile = true;
  PLUMB_ASSIGN_OR_RETURN(const BenchResult result, RunBench(*session, shapes, bench));
  std::map<std::string, double> ms;
  for (const StepFigures& step : result.steps) ms[step.step.name] += step.median_ms;
  for (MixedLayer& layer : layers_) {
    const auto found = ms.find(layer.node);
    LayerForm& form = layer.form(type);
    if (form.possible && found != ms.end()) {
      form.ms = found->second;
    } else if (type != DType::kFloat32) {
      form.possible = false;
    } else {
      // Part of another step: there is no time of its own to gain.
      layer.bf16.possible = layer.int8.possible = false;
    }
  }
  return OkStatus();
}

}  // namespace plumb::lab
