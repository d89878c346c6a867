// How good the search for kernels is: for problems drawn from a seed, the time of what it chooses
// over the time of the fastest there is.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/target.h"
#include "engine/measure_kernels.h"

namespace plumb::lab {

struct RegretOptions {
  int problems = 200;  // convolutions and matrix products, in turn
  std::uint64_t seed = 1;
  double seconds = 0.1;   // for timing all candidates of one problem
  double max_macs = 3e8;  // multiply-adds of a problem at most
};

// One problem. Regrets are times of the choice over those of the fastest candidate, the two timed
// again side by side: 1 where they are the same candidate.
struct RegretFigures {
  std::string problem;  // "conv 64x56x56 to 128, 3x3 stride 2"
  int candidates = 0;
  std::string fastest, predicted, tuned;
  double fastest_seconds = 0;
  double predicted_regret = 1, tuned_regret = 1;
};

// Draws, times every candidate, asks the cost model and the measuring search (as --tune runs it),
// and times what they chose beside the fastest once more. `progress` is called after each problem.
StatusOr<std::vector<RegretFigures>> MeasureRegret(
    const Target& target, const RegretOptions& options,
    const std::function<void(int done)>& progress = {});

// The p-quantile (an order statistic) of values; PLUMB_CHECKs that there are some.
double QuantileOf(std::vector<double> values, double p);

}  // namespace plumb::lab
