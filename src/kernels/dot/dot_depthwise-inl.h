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

// kRows outputs at once share the loads of weights.
template <DotDepthwise::Type kType, int kRows>
PLUMB_INLINE void DepthwiseTile(const DotDepthwise& d, int64_t row, int64_t column, int n) {
  constexpr bool kIntegers = kType != DotDepthwise::kBF16;
  const Vec zero = Broadcast(d.zero);
  const float* weights = d.weights + column;
  const char* const* pixels = d.pixels + row * d.taps;
  Vec sum[kRows];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) sum[r] = Broadcast(0.0f);
  for (int64_t t = 0; t < d.taps; ++t) {
    const Vec weight = Load(weights + t * d.weight_step);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const char* pixel = pixels[r * d.taps + t];
      if (pixel == nullptr) continue;
      Vec x = LoadTap<kType>(pixel, d.channel + column, n);
      if constexpr (kIntegers) x = x - zero;
      sum[r] = Fma(x, weight, sum[r]);
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
    const int64_t at = (row + r) * kDotColumns + column;
    if constexpr (kIntegers) {
      StoreInt(static_cast<int32_t*>(d.sums) + at, ToInt(sum[r]), Vec::kLanes);
    } else {
      Store(static_cast<float*>(d.sums) + at, sum[r]);
    }
  }
}

template <DotDepthwise::Type kType>
PLUMB_INLINE void DepthwiseChannels(const DotDepthwise& d, int64_t column, int n) {
  int64_t row = 0;
  for (; row + 4 <= d.rows; row += 4) DepthwiseTile<kType, 4>(d, row, column, n);
  for (; row < d.rows; ++row) DepthwiseTile<kType, 1>(d, row, column, n);
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
