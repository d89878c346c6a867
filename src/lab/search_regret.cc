#include "lab/search_regret.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.h"
#include "engine/search.h"
#include "engine/tune.h"
#include "lab/drawn_problem.h"

namespace plumb::lab {
namespace {

using engine::KernelProblem;
using engine::KernelSeconds;

// Times of a candidate over those of another, by calls that take turns.
StatusOr<double> Ratio(const KernelProblem& problem, std::vector<ops::KernelChoice>& choices,
                       std::size_t chosen, std::size_t fastest, const Target& target,
                       double seconds) {
  if (chosen == fastest) return 1.0;
  std::vector<ops::KernelChoice> pair{choices[chosen], choices[fastest]};
  engine::MeasureOptions options;
  options.seconds = seconds;
  options.prune = std::numeric_limits<double>::infinity();
  options.drop = options.prune;
  PLUMB_ASSIGN_OR_RETURN(const KernelSeconds times,
                         engine::MeasureKernels(problem, pair, target, options));
  // One that proves faster than the fastest before is as good as there is.
  return std::max(1.0, times[0] / times[1]);
}

StatusOr<RegretFigures> RegretOf(const DrawnProblem& drawn, const Target& target, double seconds) {
  const KernelProblem& problem = drawn.problem;
  PLUMB_ASSIGN_OR_RETURN(std::vector<ops::KernelChoice> choices,
                         engine::ListKernels(problem, target));
  PLUMB_CHECK(!choices.empty());
  engine::MeasureOptions all;
  all.seconds = seconds;
  all.prune = std::numeric_limits<double>::infinity();
  PLUMB_ASSIGN_OR_RETURN(const KernelSeconds times,
                         engine::MeasureKernels(problem, choices, target, all));
  const std::size_t predicted = engine::ChooseKernel(choices, target).chosen;
  PLUMB_ASSIGN_OR_RETURN(const KernelSeconds found,
                         engine::MeasureKernels(problem, choices, target, {}));
  const std::size_t tuned = engine::FastestOf(found, predicted);
  const std::size_t fastest = engine::FastestOf(times, tuned);
  RegretFigures figures;
  figures.problem = drawn.text;
  figures.candidates = static_cast<int>(choices.size());
  figures.fastest = choices[fastest].name;
  figures.fastest_seconds = times[fastest];
  figures.predicted = choices[predicted].name;
  figures.tuned = choices[tuned].name;
  PLUMB_ASSIGN_OR_RETURN(figures.predicted_regret,
                         Ratio(problem, choices, predicted, fastest, target, seconds / 2));
  figures.tuned_regret = figures.predicted_regret;
  if (tuned != predicted) {
    PLUMB_ASSIGN_OR_RETURN(figures.tuned_regret,
                           Ratio(problem, choices, tuned, fastest, target, seconds / 2));
  }
  return figures;
}

}  // namespace

StatusOr<std::vector<RegretFigures>> MeasureRegret(const Target& target,
                                                   const RegretOptions& options,
                                                   const std::function<void(int)>& progress) {
  Random random(options.seed);
  std::vector<RegretFigures> all;
  for (int i = 0; i < options.problems; ++i) {
    PLUMB_ASSIGN_OR_RETURN(const DrawnProblem drawn, i % 2 == 0
                                                         ? DrawConv(random, options.max_macs)
                                                         : DrawMatMul(random, options.max_macs));
    PLUMB_ASSIGN_OR_RETURN(RegretFigures figures, RegretOf(drawn, target, options.seconds));
    all.push_back(std::move(figures));
    if (progress) progress(i + 1);
  }
  return all;
}

double QuantileOf(std::vector<double> values, double p) {
  PLUMB_CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const double rank = std::ceil(p * static_cast<double>(values.size()));
  return values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

}  // namespace plumb::lab
