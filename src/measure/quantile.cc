#include "measure/quantile.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/check.h"

namespace plumb::measure {
namespace {

// Probabilities of a binomial(n, p) from `first` on, around its mode; what is left out on either
// side is under 1e-18 of the peak.
struct BinomialMass {
  std::int64_t first = 0;
  std::vector<double> mass;
};

BinomialMass MassOf(std::int64_t n, double p) {
  const std::int64_t mode =
      std::min(n, static_cast<std::int64_t>(std::floor(static_cast<double>(n + 1) * p)));
  std::vector<double> falling;
  double m = 1;
  for (std::int64_t k = mode; k > 0 && m > 1e-18; --k) {
    m *= static_cast<double>(k) * (1 - p) / (static_cast<double>(n - k + 1) * p);
    falling.push_back(m);
  }
  BinomialMass result{mode - static_cast<std::int64_t>(falling.size()), {}};
  result.mass.assign(falling.rbegin(), falling.rend());
  result.mass.push_back(1);
  m = 1;
  for (std::int64_t k = mode; k < n && m > 1e-18; ++k) {
    m *= static_cast<double>(n - k) * p / (static_cast<double>(k + 1) * (1 - p));
    result.mass.push_back(m);
  }
  double total = 0;
  for (double x : result.mass) total += x;
  for (double& x : result.mass) x /= total;
  return result;
}

}  // namespace

QuantileRanks RanksOfQuantile(std::int64_t n, double p, double level) {
  PLUMB_CHECK(n >= 1 && p > 0 && p < 1, "n ", n, ", p ", p);
  const double tail = (1 - level) / 2;
  const BinomialMass binomial = MassOf(n, p);
  QuantileRanks ranks;
  double below = 0;  // P(B < rank)
  for (std::size_t i = 0; i <= binomial.mass.size(); ++i) {
    const std::int64_t rank = binomial.first + static_cast<std::int64_t>(i);
    if (below <= tail && rank >= 1) ranks.low = rank;
    if (below >= 1 - tail && !ranks.high) ranks.high = rank;
    if (i < binomial.mass.size()) below += binomial.mass[i];
  }
  if (ranks.high && *ranks.high > n) ranks.high.reset();
  ranks.value = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(std::ceil(p * static_cast<double>(n) - 1e-9)), 1, n);
  return ranks;
}

std::optional<Percentile> PercentileOf(std::span<const std::int64_t> rising, double p,
                                       double level) {
  if (rising.empty()) return std::nullopt;
  const std::int64_t n = static_cast<std::int64_t>(rising.size());
  const QuantileRanks ranks = RanksOfQuantile(n, p, level);
  const auto at = [&](std::int64_t rank) { return rising[static_cast<std::size_t>(rank - 1)]; };
  Percentile result{at(ranks.value), {}, {}, n};
  if (ranks.low) result.low = at(*ranks.low);
  if (ranks.high) result.high = at(*ranks.high);
  return result;
}

}  // namespace plumb::measure
