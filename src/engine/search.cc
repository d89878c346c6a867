#include "engine/search.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "core/check.h"

namespace plumb::engine {
namespace {

constexpr double kNominalHertz = 3e9;
constexpr double kNominalBytesPerSecond = 1e10;

std::string WhyMeasured(const TunedKernel& tuned) {
  std::string why = absl::StrFormat("measured %.4g ms", tuned.seconds * 1e3);
  if (!tuned.next.empty()) {
    why += absl::StrFormat(", next %s %.4g ms", tuned.next, tuned.next_seconds * 1e3);
  }
  return why;
}

}  // namespace

double PredictSeconds(const kernels::Estimate& estimate, const Target& target) {
  // Two multiply-adds per cycle and lane; one for scalar code.
  const double per_cycle =
      target.vector_floats() == 1 ? 2.0 : 4.0 * static_cast<double>(target.vector_floats());
  const double arithmetic =
      estimate.ops / (kNominalHertz * per_cycle * std::max(estimate.efficiency, 1e-3));
  const double traffic = estimate.bytes / kNominalBytesPerSecond;
  // The shorter of the two hides behind the longer, but not all of it.
  constexpr double kExposed = 0.25;
  return std::max(arithmetic, traffic) + kExposed * std::min(arithmetic, traffic) +
         estimate.overhead_ns * 1e-9;
}

SearchResult ChooseKernel(std::span<const ops::KernelChoice> choices, const Target& target,
                          const std::optional<TunedKernel>& tuned) {
  PLUMB_CHECK(!choices.empty());
  for (std::size_t i = 0; tuned && i < choices.size(); ++i) {
    if (choices[i].name == tuned->name) return {i, WhyMeasured(*tuned)};
  }
  SearchResult result;
  double best = PredictSeconds(choices[0].estimate, target), second = -1;
  std::size_t runner_up = 0;
  for (std::size_t i = 1; i < choices.size(); ++i) {
    const double seconds = PredictSeconds(choices[i].estimate, target);
    if (seconds < best) {
      second = best;
      runner_up = result.chosen;
      best = seconds;
      result.chosen = i;
    } else if (second < 0 || seconds < second) {
      second = seconds;
      runner_up = i;
    }
  }
  if (second < 0) {
    result.why = "the only candidate";
  } else {
    result.why = absl::StrFormat("predicted %.4g ms, next %s %.4g ms", best * 1e3,
                                 choices[runner_up].name, second * 1e3);
  }
  return result;
}

}  // namespace plumb::engine
