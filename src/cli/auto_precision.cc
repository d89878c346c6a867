#include "cli/auto_precision.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/number_check.h"

namespace plumb::cli {
namespace {

constexpr std::int64_t kSeededSamples = 4;
constexpr std::size_t kToldLayers = 12;

lab::MixOptions OptionsOf(const AutoPrecision& automatic) {
  lab::MixOptions options;
  options.quantize = automatic.quantize;
  if (automatic.max_error) options.max_error = *automatic.max_error;
  return options;
}

void Tell(const lab::Mix& mix, double max_error) {
  int counts[3] = {0, 0, 0};
  for (const lab::MixedLayer& layer : mix.layers) {
    ++counts[layer.precision == DType::kInt8 ? 0 : layer.precision == DType::kBFloat16 ? 1 : 2];
  }
  const lab::MixCandidate& chosen = mix.candidates[mix.chosen];
  std::fprintf(stderr,
               "precision auto: %d layers int8, %d bf16, %d f32; error %.3g of at most %g\n",
               counts[0], counts[1], counts[2], chosen.error, max_error);
  for (const lab::MixCandidate& candidate : mix.candidates) {
    std::fprintf(stderr, "  %-5s %8.4g ms, error %.3g%s\n", candidate.name.c_str(), candidate.ms,
                 candidate.error, &candidate == &chosen ? ", chosen" : "");
  }
  std::size_t told = 0;
  for (const lab::MixedLayer& layer : mix.layers) {
    if (layer.why.empty() || ++told > kToldLayers) continue;
    std::fprintf(stderr, "  %s stays %s: %s\n", layer.node.c_str(),
                 PrecisionName(layer.precision).c_str(), layer.why.c_str());
  }
  if (told > kToldLayers) {
    std::fprintf(stderr, "  and %zu more: plumb quantize --precision auto lists them\n",
                 told - kToldLayers);
  }
}

}  // namespace

std::string PrecisionName(DType type) {
  return type == DType::kInt8 ? "int8" : type == DType::kBFloat16 ? "bf16" : "f32";
}

void ShowCalibration(std::string_view what, std::int64_t done, std::int64_t count) {
  if (isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r%.*s: %lld of %lld   ", static_cast<int>(what.size()), what.data(),
               static_cast<long long>(done), static_cast<long long>(count));
  if (done == count) std::fprintf(stderr, "\r%*s\r", 48, "");
}

void AutoPrecision::DeclareMaxError(CLI::App* command) {
  command
      ->add_option("--max-error", max_error,
                   "of --precision auto: max |mixed - fp32| / max |fp32| of any output (default "
                   "0.01)")
      ->check(NumberBetween(0, 1e6));
}

void AutoPrecision::Declare(CLI::App* command) {
  command->get_option("--precision")
      ->description(
          "f32, bf16, int8, or auto: the fastest mix of them below --max-error (default: "
          "what the file says)");
  DeclareMaxError(command);
  calibration.DeclareSamples(command);
  command->get_option("--calibration")
      ->description(
          "of --precision auto, DIR or FILEs: a sample each, .npy, .pb or a picture; "
          "where the model has several inputs, a folder each with NAME.npy for every "
          "input");
  command->get_option("--samples")
      ->description(
          "how many of them (default all); without --calibration, of seeded normal "
          "numbers (default 4)");
}

Status ForAutoOnly(std::string_view option) {
  return UsageError(
      absl::StrCat(Str(option), " is for --precision auto: leave it out, or ask for ", "that"));
}

StatusOr<lab::Mix> FindMix(const AutoPrecision& automatic, const ModelOptions& model,
                           const Graph& graph) {
  PLUMB_ASSIGN_OR_RETURN(const Target target, HostTarget());
  PLUMB_ASSIGN_OR_RETURN(const lab::CalibrationSamples samples,
                         OpenCalibration(automatic.calibration, model, graph, target));
  ThreadPool pool(model.threads > 0 ? model.threads : target.cores);
  StatusOr<lab::Mix> mix =
      lab::MixPrecisions(graph, OptionsOf(automatic), {samples, target, &pool, ShowCalibration});
  if (!mix.ok()) return Annotate(mix.status(), absl::StrCat("model '", model.path, "'"));
  for (const std::string& name : mix->unbounded) {
    std::fprintf(stderr, "plumb: output '%s' is not floating: --max-error does not bound it\n",
                 name.c_str());
  }
  return mix;
}

StatusOr<std::optional<lab::Mix>> ResolvePrecision(const AutoPrecision& automatic,
                                                   const std::vector<std::string>& given,
                                                   ModelOptions* model) {
  if (model->precision != "auto") {
    if (automatic.max_error) return ForAutoOnly("--max-error");
    if (!automatic.calibration.paths.empty()) return ForAutoOnly("--calibration");
    if (automatic.calibration.samples > 0) return ForAutoOnly("--samples");
    return std::nullopt;
  }
  if (model->cache) {
    return UsageError(
        "--cache: what --precision auto finds is not kept; `plumb quantize --precision auto` "
        "writes "
        "it to a file");
  }
  AutoPrecision settled = automatic;
  if (settled.calibration.paths.empty() && settled.calibration.samples == 0) {
    settled.calibration.samples = kSeededSamples;
  }
  PLUMB_ASSIGN_OR_RETURN(const Graph graph, LoadGraph(*model, given));
  PLUMB_ASSIGN_OR_RETURN(lab::Mix mix, FindMix(settled, *model, graph));
  Tell(mix, OptionsOf(automatic).max_error);
  model->mixed = std::make_shared<const Graph>(mix.graph.Clone());
  return mix;
}

}  // namespace plumb::cli
