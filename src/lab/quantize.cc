#include "lab/quantize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "engine/quantize/correct_bias.h"
#include "engine/quantize/insert_qdq.h"
#include "engine/quantize/prepare.h"
#include "engine/session.h"
#include "ops/ops.h"

namespace plumb::lab {
namespace {

using engine::RangeCollector;

class Quantizer {
 public:
  Quantizer(const CalibrationSamples& samples, const engine::QuantizeOptions& options,
            const Target& target, ThreadPool* pool, const QuantizeProgress& progress)
      : samples_(samples), options_(options), target_(target), pool_(pool), progress_(progress) {}

  StatusOr<Quantization> Run(Graph graph) {
    graph_ = std::move(graph);
    PLUMB_RETURN_IF_ERROR(engine::PrepareToQuantize(graph_, ops::AllOps()));
    PLUMB_ASSIGN_OR_RETURN(plan_, engine::PlanQuantization(graph_, options_));
    PLUMB_RETURN_IF_ERROR(MeasureRanges());
    if (options_.correct_bias) PLUMB_RETURN_IF_ERROR(CorrectBiases());
    Quantization result{graph_.Clone(), {}, {}};
    std::vector<engine::LayerNames> layers;
    PLUMB_RETURN_IF_ERROR(
        engine::InsertQdq(result.graph, ops::AllOps(), plan_, options_, ranges_, biases_, &layers));
    PLUMB_RETURN_IF_ERROR(MeasureErrors(layers, &result));
    return result;
  }

 private:
  // Runs the graph on every sample and hands over its outputs.
  using Outputs = std::function<Status(const std::vector<Tensor>& outputs)>;
  StatusOr<std::unique_ptr<engine::Session>> Compile(const Graph& graph) const {
    engine::CompileOptions options;
    options.target = target_;
    PLUMB_ASSIGN_OR_RETURN(auto model, engine::Model::Compile(graph.Clone(), options));
    return std::make_unique<engine::Session>(std::move(model), pool_);
  }
  Status OnEverySample(const Graph& graph, std::string_view what, const Outputs& take) const {
    PLUMB_ASSIGN_OR_RETURN(const auto session, Compile(graph));
    for (std::int64_t i = 0; i < samples_.count; ++i) {
      if (progress_) progress_(what, i, samples_.count);
      PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs, samples_.read(i));
      PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session->Run(inputs));
      PLUMB_RETURN_IF_ERROR(take(outputs));
    }
    if (progress_) progress_(what, samples_.count, samples_.count);
    return OkStatus();
  }

  Status MeasureRanges() {
    Graph observed = graph_.Clone();
    const std::size_t first = observed.outputs().size();
    for (const ValueId v : plan_.values) observed.AddOutput(v);
    std::map<ValueId, RangeCollector> collectors;
    const auto take = [&](const std::vector<Tensor>& outputs) {
      for (std::size_t i = 0; i < plan_.values.size(); ++i) {
        const ValueId v = plan_.values[i];
        const Status added = collectors[v].Add(outputs[first + i].data<float>());
        if (!added.ok()) {
          return Annotate(added, absl::StrCat("value '", graph_.value(v).name, "'"));
        }
      }
      return OkStatus();
    };
    PLUMB_RETURN_IF_ERROR(OnEverySample(observed, "ranges", take));
    for (const auto& [v, collector] : collectors) {
      const bool input = std::ranges::find(graph_.inputs(), v) != graph_.inputs().end();
      if (input && collector.count() > 1 && collector.min() == collector.max()) {
        return InvalidArgument("input '", graph_.value(v).name, "' is ", collector.min(),
                               " everywhere in all samples: expected samples that are typical");
      }
      ranges_[v] = collector.range(options_.ranges);
    }
    return OkStatus();
  }

  Status CorrectBiases() {
    PLUMB_ASSIGN_OR_RETURN(const engine::BiasProbe probe,
                           engine::MakeBiasProbe(graph_, ops::AllOps(), plan_, options_, ranges_));
    if (probe.layers.empty()) return OkStatus();
    engine::BiasCorrection correction(probe);
    const auto take = [&](const std::vector<Tensor>& outputs) {
      correction.Add(outputs);
      return OkStatus();
    };
    PLUMB_RETURN_IF_ERROR(OnEverySample(probe.graph, "biases", take));
    biases_ = correction.biases();
    return OkStatus();
  }

  struct Sums {
    double largest = 0, error = 0, squares = 0, error_squares = 0;
    bool comparable = true;  // floating, of one shape
    bool finite = true;      // where one side is a number the other is one too
    void Add(const Tensor& quantised, const Tensor& real) {
      comparable = IsFloating(real.dtype()) && quantised.shape() == real.shape() && comparable;
      if (!comparable) return;
      const std::vector<double> a = ToDoubles(quantised), b = ToDoubles(real);
      for (std::size_t i = 0; i < b.size(); ++i) {
        if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) {
          if (!std::isfinite(b[i])) continue;
        } else if (!std::isfinite(a[i] - b[i])) {
          finite = false;
          continue;
        }
        const double difference = a[i] - b[i];
        largest = std::max(largest, std::fabs(b[i]));
        error = std::max(error, std::fabs(difference));
        squares += b[i] * b[i];
        error_squares += difference * difference;
      }
    }
    void Fill(QuantizationError* of) const {
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      of->comparable = comparable;
      if (!finite) {
        of->relative = kInfinity;
        of->sqnr_db = -kInfinity;
        return;
      }
      of->relative = error == 0 ? 0 : largest > 0 ? error / largest : kInfinity;
      of->sqnr_db = error_squares > 0 ? 10 * std::log10(squares / error_squares) : kInfinity;
    }
  };

  Status MeasureErrors(const std::vector<engine::LayerNames>& layers, Quantization* result) const {
    Graph real = graph_.Clone(), quantised = result->graph.Clone();
    for (const ValueId v : graph_.outputs()) {
      result->outputs.push_back({graph_.value(v).name, NodeOf(v), "", true, 0, 0});
    }
    for (const engine::LayerNames& layer : layers) {
      real.AddOutput(real.FindValue(layer.float_value));
      quantised.AddOutput(quantised.FindValue(layer.quantised_value));
      result->layers.push_back({layer.float_value, layer.node, layer.op, true, 0, 0});
    }
    PLUMB_ASSIGN_OR_RETURN(const auto real_session, Compile(real));
    std::vector<Sums> sums(result->outputs.size() + layers.size());
    std::int64_t sample = 0;
    const auto take = [&](const std::vector<Tensor>& outputs) -> Status {
      PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs, samples_.read(sample++));
      PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> expected, real_session->Run(inputs));
      for (std::size_t i = 0; i < sums.size(); ++i) {
        sums[i].Add(outputs[i], expected[i]);
      }
      return OkStatus();
    };
    PLUMB_RETURN_IF_ERROR(OnEverySample(quantised, "errors", take));
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const std::size_t count = result->outputs.size();
      sums[i].Fill(i < count ? &result->outputs[i] : &result->layers[i - count]);
    }
    return OkStatus();
  }

  std::string NodeOf(ValueId v) const {
    const NodeId producer = graph_.value(v).producer;
    return producer == kNoNode ? std::string() : graph_.node(producer).name;
  }

  const CalibrationSamples& samples_;
  const engine::QuantizeOptions& options_;
  const Target& target_;
  ThreadPool* pool_;
  const QuantizeProgress& progress_;
  Graph graph_;
  engine::QuantizePlan plan_;
  std::map<ValueId, engine::Range> ranges_;
  engine::Biases biases_;
};

}  // namespace

StatusOr<Quantization> Quantize(const Graph& graph, const CalibrationSamples& samples,
                                const engine::QuantizeOptions& options, const Target& target,
                                ThreadPool* pool, const QuantizeProgress& progress) {
  if (samples.count < 1) return InvalidArgument("no samples to calibrate on: expected one or more");
  return Quantizer(samples, options, target, pool, progress).Run(graph.Clone());
}

}  // namespace plumb::lab
