#include "engine/quantize/ranges.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace plumb::engine {
namespace {

constexpr int kLevels = 128;  // magnitudes that 8 bits tell apart

// Divergence of the first `size` bins, what lies above added to the last, from the same in kLevels
// levels; both are distributions of sum 1. `above` counts what is clipped.
double Divergence(std::span<const std::int64_t> bins, std::int64_t above) {
  const std::size_t size = bins.size();
  double total = static_cast<double>(above), coarse_total = 0;
  for (const std::int64_t bin : bins) coarse_total += static_cast<double>(bin);
  total += coarse_total;
  if (coarse_total == 0) return std::numeric_limits<double>::infinity();
  double divergence = 0;
  for (std::size_t level = 0; level < kLevels; ++level) {
    const std::size_t begin = level * size / kLevels, end = (level + 1) * size / kLevels;
    double sum = 0, filled = 0;
    for (std::size_t i = begin; i < end; ++i) {
      sum += static_cast<double>(bins[i]);
      filled += bins[i] > 0 ? 1 : 0;
    }
    for (std::size_t i = begin; i < end; ++i) {
      double p = static_cast<double>(bins[i]);
      if (i + 1 == size) p += static_cast<double>(above);
      if (p == 0) continue;
      // A level spreads evenly over the bins that held something. Clipped elements may stand where
      // nothing did: the small number keeps their price finite, and high.
      const double q = bins[i] > 0 ? sum / filled : 1e-4;
      divergence += p / total * std::log(p / total * coarse_total / q);
    }
  }
  return divergence;
}

}  // namespace

Status RangeCollector::Add(std::span<const float> values) {
  float low = 0, high = 0;
  for (const float v : values) {
    if (!std::isfinite(v)) {
      return InvalidArgument("holds ", std::isnan(v) ? "NaN" : "an infinity",
                             ": expected finite numbers only");
    }
    low = std::min(low, v);
    high = std::max(high, v);
  }
  if (values.empty()) return OkStatus();
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  min_ = count_ == 0 ? *least : std::min(min_, *least);
  max_ = count_ == 0 ? *most : std::max(max_, *most);
  count_ += static_cast<std::int64_t>(values.size());
  Widen(std::max(-low, high));
  const double bins_per_unit = limit_ > 0 ? kBins / limit_ : 0;
  for (const float v : values) {
    if (v == 0) {
      ++zeros_;
      continue;
    }
    const auto bin = static_cast<std::size_t>(std::fabs(static_cast<double>(v)) * bins_per_unit);
    ++bins_[std::min<std::size_t>(bin, kBins - 1)];
  }
  return OkStatus();
}

// A power of two above the magnitude.
void RangeCollector::Widen(float magnitude) {
  if (magnitude == 0) return;
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  const double limit = std::ldexp(1.0, exponent);
  if (limit_ == 0) limit_ = limit;
  for (; limit_ < limit; limit_ *= 2) {
    for (std::size_t i = 0; i < kBins; ++i) {
      bins_[i] = 2 * i < kBins ? bins_[2 * i] + bins_[2 * i + 1] : 0;
    }
  }
}

double RangeCollector::PercentileThreshold(double percentile) const {
  const double wanted = percentile / 100 * static_cast<double>(count_);
  double below = static_cast<double>(zeros_);
  if (below >= wanted) return 0;
  for (std::size_t i = 0; i < kBins; ++i) {
    below += static_cast<double>(bins_[i]);
    if (below >= wanted) return limit_ * static_cast<double>(i + 1) / kBins;
  }
  return limit_;
}

double RangeCollector::EntropyThreshold() const {
  std::size_t used = kBins;
  while (used > 0 && bins_[used - 1] == 0) --used;
  std::int64_t above = 0;
  double least = std::numeric_limits<double>::infinity();
  std::size_t best = used;
  for (std::size_t size = used; size >= kLevels; --size) {
    const double divergence = Divergence(std::span(bins_).first(size), above);
    if (divergence < least) {
      least = divergence;
      best = size;
    }
    above += bins_[size - 1];
  }
  return limit_ * static_cast<double>(best) / kBins;
}

Range RangeCollector::range(const RangeOptions& options) const {
  Range range{std::min(min_, 0.0f), std::max(max_, 0.0f)};
  if (options.method == RangeMethod::kMinMax) return range;
  double threshold = options.method == RangeMethod::kPercentile
                         ? PercentileThreshold(options.percentile)
                         : EntropyThreshold();
  // More zeros than the percentile leaves nothing: then everything stays.
  if (threshold == 0) return range;
  range.low = std::max(range.low, static_cast<float>(-threshold));
  range.high = std::min(range.high, static_cast<float>(threshold));
  return range;
}

}  // namespace plumb::engine
