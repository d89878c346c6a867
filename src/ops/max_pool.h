// Which pixel of a window is its maximum: what MaxPool and its gradient must agree on.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "ops/number.h"
#include "ops/pooling.h"

namespace plumb::ops {

// Flat position of the first largest pixel, or of the first NaN; -1 for a window without pixels.
template <typename T>
std::int64_t LargestPixel(const T* image, std::span<const std::int64_t> pixels) {
  std::int64_t best = -1;
  double largest = 0;
  for (const std::int64_t pixel : pixels) {
    const double value = AsDouble(image[pixel]);
    if (best < 0 || value > largest || (std::isnan(value) && !std::isnan(largest))) {
      best = pixel;
      largest = value;
    }
  }
  return best;
}

}  // namespace plumb::ops
