#include "lab/bench.h"

#include <sys/resource.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <string>

#include "core/clock.h"
#include "lab/model_inputs.h"
#include "measure/quantile.h"

namespace plumb::lab {
namespace {

constexpr std::size_t kMinIters = 5, kMaxIters = 4000;  // where the time decides

double MsAt(const std::vector<std::int64_t>& rising_ns, double p) {
  return static_cast<double>(measure::PercentileOf(rising_ns, p)->value) * 1e-6;
}

// A session with its inputs and outputs.
class Bench {
 public:
  static StatusOr<Bench> Make(engine::Session& session, std::span<const Shape> shapes) {
    Bench bench(session);
    const Graph& graph = session.model().graph();
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      PLUMB_ASSIGN_OR_RETURN(Tensor input,
                             RandomTensor(graph.value(graph.inputs()[i]).info.dtype, shapes[i], i));
      bench.inputs_.push_back(std::move(input));
    }
    const StatusOr<std::vector<Shape>> outputs = session.OutputShapes(shapes);
    bench.fixed_ = outputs.ok();
    if (!bench.fixed_) {
      if (absl::IsFailedPrecondition(outputs.status())) return bench;
      return outputs.status();
    }
    for (std::size_t i = 0; i < outputs->size(); ++i) {
      PLUMB_ASSIGN_OR_RETURN(
          Tensor output,
          Tensor::TryAllocate(graph.value(graph.outputs()[i]).info.dtype, (*outputs)[i]));
      bench.outputs_.push_back(std::move(output));
    }
    for (Tensor& tensor : bench.inputs_) bench.input_views_.push_back(tensor.view());
    for (Tensor& tensor : bench.outputs_) bench.output_views_.push_back(tensor.view());
    return bench;
  }

  // Models whose output sizes depend on the data get new tensors each time.
  Status Run(engine::StepProfile* profile) {
    engine::RunOptions options;
    options.profile = profile;
    if (fixed_) return session_.Run(options, input_views_, output_views_);
    return session_.Run(inputs_, options).status();
  }

 private:
  explicit Bench(engine::Session& session) : session_(session) {}

  engine::Session& session_;
  bool fixed_ = false;
  std::vector<Tensor> inputs_, outputs_;
  std::vector<TensorView> input_views_, output_views_;
};

std::vector<StepFigures> FiguresOf(const std::vector<engine::StepProfile>& profiles) {
  std::vector<StepFigures> figures;
  std::vector<std::vector<std::int64_t>> times;
  for (const engine::StepProfile& profile : profiles) {
    if (times.size() < profile.steps.size()) {
      times.resize(profile.steps.size());
      figures.resize(profile.steps.size());
    }
    for (std::size_t i = 0; i < profile.steps.size(); ++i) {
      figures[i].step = *profile.steps[i].step;
      times[i].push_back(profile.steps[i].end_ns - profile.steps[i].begin_ns);
    }
  }
  for (std::size_t i = 0; i < figures.size(); ++i) {
    std::sort(times[i].begin(), times[i].end());
    figures[i].median_ms = MsAt(times[i], 0.5);
  }
  return figures;
}

// Nothing where the engine runs nodes itself: they count no operations, their bodies run any number
// of times.
std::optional<double> OpsOf(const engine::Segment& segment, const engine::Model& model) {
  if (segment.end < model.order().size()) return std::nullopt;
  double ops = 0;
  for (const engine::StepInfo& step : segment.steps) ops += step.cost.ops;
  return ops;
}

}  // namespace

double BenchResult::Ms(double p) const { return MsAt(rising_ns, p); }

StatusOr<BenchResult> RunBench(engine::Session& session, std::span<const Shape> shapes,
                               const BenchOptions& options) {
  BenchResult result;
  PLUMB_ASSIGN_OR_RETURN(const std::shared_ptr<const engine::Segment> segment,
                         session.FirstSegment(shapes));
  result.ops = OpsOf(*segment, session.model());
  PLUMB_ASSIGN_OR_RETURN(Bench bench, Bench::Make(session, shapes));
  for (int i = 0; i < options.warmup; ++i) PLUMB_RETURN_IF_ERROR(bench.Run(nullptr));
  const std::int64_t end = NowNanos() + static_cast<std::int64_t>(options.seconds * 1e9);
  std::vector<engine::StepProfile> profiles;
  const auto more = [&] {
    const std::size_t done = result.rising_ns.size();
    if (options.iters > 0) return done < static_cast<std::size_t>(options.iters);
    return done < kMinIters || (done < kMaxIters && NowNanos() < end);
  };
  while (more()) {
    if (options.profile) profiles.emplace_back();
    const std::int64_t begin = NowNanos();
    PLUMB_RETURN_IF_ERROR(bench.Run(options.profile ? &profiles.back() : nullptr));
    result.rising_ns.push_back(NowNanos() - begin);
  }
  std::sort(result.rising_ns.begin(), result.rising_ns.end());
  result.steps = FiguresOf(profiles);
  return result;
}

std::int64_t PeakResidentBytes() {
  // What getrusage counts begins with the process that started this one.
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    std::int64_t kilobytes = 0;
    if (std::sscanf(line.c_str(), "VmHWM: %" SCNd64, &kilobytes) == 1) return kilobytes * 1024;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;  // Linux counts kilobytes
}

}  // namespace plumb::lab
