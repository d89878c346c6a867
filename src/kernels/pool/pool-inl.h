// Pooling of one output pixel over contiguous channels, written against simd/vec_*.h.
#pragma once

#include "kernels/pool/pool_kernels.h"
#include "kernels/simd/math-inl.h"

namespace plumb::kernels {
namespace {

// NaN in x or in the sum so far gives NaN: Max returns its second operand where either is NaN.
struct MaxOf {
  static constexpr float kStart = -INFINITY;
  static PLUMB_INLINE Vec Add(Vec sum, Vec x, int) { return MaxNan(x, sum); }
  static PLUMB_INLINE Vec Join(Vec a, Vec b) { return MaxNan(a, b); }
  static PLUMB_INLINE Vec Finish(Vec sum, Vec, int) { return sum; }
};
struct AverageOf {
  static constexpr float kStart = 0;
  static PLUMB_INLINE Vec Add(Vec sum, Vec x, int) { return sum + x; }
  static PLUMB_INLINE Vec Join(Vec a, Vec b) { return a + b; }
  static PLUMB_INLINE Vec Finish(Vec sum, Vec scale, int) { return sum * scale; }
};
struct LpOf {
  static constexpr float kStart = 0;
  static PLUMB_INLINE Vec Power(Vec x, int p) {
    Vec result = x;
    for (int i = 1; i < p; ++i) result = result * x;
    return result;
  }
  static PLUMB_INLINE Vec Add(Vec sum, Vec x, int p) { return sum + Power(Abs(x), p); }
  static PLUMB_INLINE Vec Join(Vec a, Vec b) { return a + b; }
  static PLUMB_INLINE Vec Finish(Vec sum, Vec, int p) {
    if (p == 1) return sum;
    if (p == 2) return Sqrt(sum);
    float lanes[Vec::kLanes];
    Store(lanes, sum);
    for (int i = 0; i < Vec::kLanes; ++i) lanes[i] = powf(lanes[i], 1.0f / static_cast<float>(p));
    return Load(lanes);
  }
};

// `kVectors` vectors of channels at a time stay in registers. Rows are summed on their own, which
// keeps the rounding error of large averages small.
template <typename Reduce, int kVectors>
PLUMB_INLINE void PoolVectors(const PoolWindow& w, int64_t channel, float* dst, Vec scale, int p) {
  Vec sum[kVectors];
  for (int v = 0; v < kVectors; ++v) sum[v] = Broadcast(Reduce::kStart);
  for (int64_t d = 0; d < w.taps[0]; ++d) {
    for (int64_t h = 0; h < w.taps[1]; ++h) {
      const float* at = w.src + d * w.strides[0] + h * w.strides[1] + channel;
      Vec row[kVectors];
      for (int v = 0; v < kVectors; ++v) row[v] = Broadcast(Reduce::kStart);
      for (int64_t x = 0; x < w.taps[2]; ++x, at += w.strides[2]) {
        for (int v = 0; v < kVectors; ++v) {
          row[v] = Reduce::Add(row[v], Load(at + v * Vec::kLanes), p);
        }
      }
      for (int v = 0; v < kVectors; ++v) sum[v] = Reduce::Join(sum[v], row[v]);
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    Store(dst + channel + v * Vec::kLanes, Reduce::Finish(sum[v], scale, p));
  }
}

template <typename Reduce>
PLUMB_INLINE void PoolRest(const PoolWindow& w, int64_t channel, int n, float* dst, Vec scale,
                           int p) {
  Vec sum = Broadcast(Reduce::kStart);
  for (int64_t d = 0; d < w.taps[0]; ++d) {
    for (int64_t h = 0; h < w.taps[1]; ++h) {
      const float* at = w.src + d * w.strides[0] + h * w.strides[1] + channel;
      Vec row = Broadcast(Reduce::kStart);
      for (int64_t x = 0; x < w.taps[2]; ++x, at += w.strides[2]) {
        row = Reduce::Add(row, LoadPartial(at, n), p);
      }
      sum = Reduce::Join(sum, row);
    }
  }
  StorePartial(dst + channel, Reduce::Finish(sum, scale, p), n);
}

template <typename Reduce>
void PoolPixel(const PoolWindow& w, float* dst, int64_t channels, float scale, int p) {
  constexpr int64_t kLanes = Vec::kLanes;
  const Vec factor = Broadcast(scale);
  int64_t c = 0;
  for (; c + 4 * kLanes <= channels; c += 4 * kLanes) {
    PoolVectors<Reduce, 4>(w, c, dst, factor, p);
  }
  for (; c + kLanes <= channels; c += kLanes) PoolVectors<Reduce, 1>(w, c, dst, factor, p);
  if (c < channels) PoolRest<Reduce>(w, c, static_cast<int>(channels - c), dst, factor, p);
}

PoolPixelFns AllPoolPixelFns() { return {PoolPixel<MaxOf>, PoolPixel<AverageOf>, PoolPixel<LpOf>}; }

}  // namespace
}  // namespace plumb::kernels
