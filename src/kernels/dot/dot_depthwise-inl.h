// Body of the narrow depthwise loops over Vec. Include after one of simd/narrow_*.h.
#pragma once

#include "kernels/dot/dot_functions.h"

namespace plumb::kernels {
namespace {

template <DotDepthwise::Type kType>
PLUMB_INLINE Vec LoadTap(const char* pixel, int64_t channel, int n) {
  if constexpr (kType == DotDepthwise::kBF16) {
    return LoadBF16(reinterpret_cast<const uint16_t*>(pixel) + channel, n);
  } else if constexpr (kType == DotDepthwise::kI8) {
    return LoadI8(reinterpret_cast<const int8_t*>(pixel) + channel, n);
  } else {
    return LoadU8(reinterpret_cast<const uint8_t*>(pixel) + channel, n);
  }
}

template <DotDepthwise::Type kType>
PLUMB_INLINE void DepthwiseChannels(const DotDepthwise& d, int64_t column, int n) {
  constexpr bool kIntegers = kType != DotDepthwise::kBF16;
  const Vec zero = Broadcast(d.zero);
  const float* weights = d.weights + column;
  for (int64_t r = 0; r < d.rows; ++r) {
    const char* const* pixels = d.pixels + r * d.taps;
    Vec sum = Broadcast(0.0f);
    for (int64_t t = 0; t < d.taps; ++t) {
      if (pixels[t] == nullptr) continue;
      Vec x = LoadTap<kType>(pixels[t], d.channel + column, n);
      if constexpr (kIntegers) x = x - zero;
      sum = Fma(x, Load(weights + t * d.weight_step), sum);
    }
    if constexpr (kIntegers) {
      StoreInt(static_cast<int32_t*>(d.sums) + r * kDotColumns + column, ToInt(sum), Vec::kLanes);
    } else {
      Store(static_cast<float*>(d.sums) + r * kDotColumns + column, sum);
    }
  }
}

template <DotDepthwise::Type kType>
PLUMB_INLINE void DepthwiseRows(const DotDepthwise& d) {
  int64_t column = 0;
  for (; column + Vec::kLanes <= d.columns; column += Vec::kLanes) {
    DepthwiseChannels<kType>(d, column, Vec::kLanes);
  }
  if (column < d.columns) {
    DepthwiseChannels<kType>(d, column, static_cast<int>(d.columns - column));
  }
}

void Depthwise(const DotDepthwise& d) noexcept {
  switch (d.type) {
    case DotDepthwise::kBF16: return DepthwiseRows<DotDepthwise::kBF16>(d);
    case DotDepthwise::kI8: return DepthwiseRows<DotDepthwise::kI8>(d);
    case DotDepthwise::kU8: return DepthwiseRows<DotDepthwise::kU8>(d);
  }
}

}  // namespace
}  // namespace plumb::kernels
