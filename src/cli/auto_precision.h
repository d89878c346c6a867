// --precision auto: a mix of precisions is found first; the model that it makes is loaded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/calibration.h"
#include "cli/model_options.h"
#include "lab/mix_precisions.h"

namespace plumb::cli {

struct AutoPrecision {
  std::optional<double> max_error;
  engine::QuantizeOptions quantize;  // of layers of 8 bits
  CalibrationOptions calibration;

  // Declares --max-error; the second --calibration and --samples too.
  void DeclareMaxError(CLI::App* command);
  void Declare(CLI::App* command);
};

// Finds the mix for `graph`, which is that of the file, and says on the standard error which
// outputs it has no bound for. Errors name the model.
StatusOr<lab::Mix> FindMix(const AutoPrecision& automatic, const ModelOptions& model,
                           const Graph& graph);

// The error of usage of an option that only --precision auto reads.
Status ForAutoOnly(std::string_view option);

// Where --precision is auto: finds the mix, says on the standard error what was chosen and what
// stayed wide and why, and has `model` load it. Without samples it calibrates on four of seeded
// normal numbers.
StatusOr<std::optional<lab::Mix>> ResolvePrecision(const AutoPrecision& automatic,
                                                   const std::vector<std::string>& given,
                                                   ModelOptions* model);

// "f32", "bf16" or "int8".
std::string PrecisionName(DType type);

// A line that is written over, where somebody watches.
void ShowCalibration(std::string_view what, std::int64_t done, std::int64_t count);

}  // namespace plumb::cli
