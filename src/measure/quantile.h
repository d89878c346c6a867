// Percentiles as order statistics, values that were measured, with a confidence interval that
// assumes nothing about the distribution and treats the observations as independent.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace plumb::measure {

struct QuantileRanks {
  std::int64_t value = 0;           // ceil(p * n), from 1
  std::optional<std::int64_t> low;  // nothing where n is too small to bound that side
  std::optional<std::int64_t> high;
};

// Ranks of the p-quantile of n values, 0 < p < 1, and of its interval: with B binomial(n, p), the
// l-th smallest lies above the true quantile with probability P(B < l) and the u-th smallest below
// it with P(B >= u); both are kept at or under (1 - level) / 2. David and Nagaraja, Order
// Statistics, section 7.1. PLUMB_CHECKs n >= 1.
QuantileRanks RanksOfQuantile(std::int64_t n, double p, double level = 0.95);

struct Percentile {
  std::int64_t value = 0;
  std::optional<std::int64_t> low, high;
  std::int64_t count = 0;
};

// The p-quantile of values in rising order; nothing when there are none.
std::optional<Percentile> PercentileOf(std::span<const std::int64_t> rising, double p,
                                       double level = 0.95);

}  // namespace plumb::measure
