// The range of a value over many runs, in bounded memory: what a scale and a zero point are made
// of.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/status.h"

namespace plumb::engine {

// What of a value is worth a step of the integers.
enum class RangeMethod : std::uint8_t {
  kMinMax,      // everything
  kPercentile,  // magnitudes up to a percentile of them
  kEntropy,     // magnitudes up to the threshold that loses the least information
};

struct RangeOptions {
  RangeMethod method = RangeMethod::kMinMax;
  double percentile = 99.99;  // of |x|, in (0, 100]
};

struct Range {
  float low = 0, high = 0;  // low <= 0 <= high: zero has an integer of its own
};

// Takes the elements of a value batch by batch and keeps their extremes and a histogram of their
// magnitudes. The histogram ends at a power of two that doubles when a larger element comes (pairs
// of bins become one), so neither the order nor the batches matter. Not synchronised.
class RangeCollector {
 public:
  static constexpr int kBins = 2048;

  // Error: an element that is no finite number.
  Status Add(std::span<const float> values);

  std::int64_t count() const { return count_; }
  float min() const { return min_; }
  float max() const { return max_; }
  Range range(const RangeOptions& options) const;

  // The least upper end of a bin below which lie `percentile` per cent of the magnitudes.
  double PercentileThreshold(double percentile) const;
  // The threshold of S. Migacz, "8-bit inference with TensorRT" (GTC 2017): magnitudes above it are
  // clipped onto it, those below fall into 128 levels, and of all thresholds this one has the least
  // Kullback-Leibler divergence between the two distributions. Exact zeros are left out: every
  // scale holds them.
  double EntropyThreshold() const;

 private:
  void Widen(float magnitude);

  std::int64_t count_ = 0, zeros_ = 0;
  float min_ = 0, max_ = 0;  // of nothing: 0
  double limit_ = 0;         // magnitudes in bin i are below (i + 1) limit_ / kBins
  std::array<std::int64_t, kBins> bins_{};
};

}  // namespace plumb::engine
