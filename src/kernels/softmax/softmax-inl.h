// Softmax over contiguous rows and over rows side by side, written against simd/vec_*.h.
#pragma once

#include "kernels/simd/math-inl.h"
#include "kernels/softmax/softmax_kernels.h"

namespace plumb::kernels {
namespace {

// Four sums in flight; their order of joining is fixed by n alone. A tail that is not there adds 0.
PLUMB_INLINE float RowMax(const float* src, int64_t n) {
  constexpr int64_t kLanes = Vec::kLanes;
  Vec best[4];
  for (Vec& b : best) b = Broadcast(-INFINITY);
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    for (int k = 0; k < 4; ++k) best[k] = Max(best[k], Load(src + i + k * kLanes));
  }
  Vec top = Max(Max(best[0], best[1]), Max(best[2], best[3]));
  for (; i + kLanes <= n; i += kLanes) top = Max(top, Load(src + i));
  float result = ReduceMax(top);
  for (; i < n; ++i) result = src[i] > result ? src[i] : result;
  return result;
}

// Writes e^(x - top) to dst (when `store`) and returns the sum.
template <bool kStore>
PLUMB_INLINE float RowExpSum(const float* src, float* dst, int64_t n, float top) {
  constexpr int64_t kLanes = Vec::kLanes;
  const Vec shift = Broadcast(top);
  Vec sum[4];
  for (Vec& s : sum) s = Broadcast(0.0f);
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    for (int k = 0; k < 4; ++k) {
      Vec e = Exp(Load(src + i + k * kLanes) - shift);
      if (kStore) Store(dst + i + k * kLanes, e);
      sum[k] = sum[k] + e;
    }
  }
  for (int k = 0; i + kLanes <= n; i += kLanes, ++k) {
    Vec e = Exp(Load(src + i) - shift);
    if (kStore) Store(dst + i, e);
    sum[k] = sum[k] + e;
  }
  float total = 0;
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    Vec e = Exp(LoadPartial(src + i, rest) - shift);
    if (kStore) StorePartial(dst + i, e, rest);
    float tail[Vec::kLanes];
    Store(tail, e);
    for (int k = 0; k < rest; ++k) total += tail[k];
  }
  return total + ReduceSum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

// dst = src * scale + shift, or dst = dst * scale.
PLUMB_INLINE void RowScale(const float* src, float* dst, int64_t n, float scale, float shift) {
  const Vec factor = Broadcast(scale), offset = Broadcast(shift);
  int64_t i = 0;
  for (; i + Vec::kLanes <= n; i += Vec::kLanes) {
    Store(dst + i, Fma(Load(src + i), factor, offset));
  }
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    StorePartial(dst + i, Fma(LoadPartial(src + i, rest), factor, offset), rest);
  }
}

// x - top - log(sum) keeps more bits when the two are not added first.
PLUMB_INLINE void RowSubtract(const float* src, float* dst, int64_t n, float top, float log_sum) {
  const Vec a = Broadcast(top), b = Broadcast(log_sum);
  int64_t i = 0;
  for (; i + Vec::kLanes <= n; i += Vec::kLanes) Store(dst + i, (Load(src + i) - a) - b);
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    StorePartial(dst + i, (LoadPartial(src + i, rest) - a) - b, rest);
  }
}

void SoftmaxRow(const float* src, float* dst, int64_t n, bool log) {
  if (n == 0) return;
  const float top = RowMax(src, n);
  if (log) {
    RowSubtract(src, dst, n, top, logf(RowExpSum<false>(src, dst, n, top)));
  } else {
    RowScale(dst, dst, n, 1.0f / RowExpSum<true>(src, dst, n, top), 0.0f);
  }
}

PLUMB_INLINE Vec LoadLanes(const float* p, int64_t n) {
  return n >= Vec::kLanes ? Load(p) : LoadPartial(p, static_cast<int>(n));
}
PLUMB_INLINE void StoreLanes(float* p, Vec x, int64_t n) {
  if (n >= Vec::kLanes) {
    Store(p, x);
  } else {
    StorePartial(p, x, static_cast<int>(n));
  }
}

// Three walks over the block, which is small enough for the caches.
void SoftmaxLanes(const float* src, int64_t src_stride, float* dst, int64_t dst_stride, int64_t n,
                  int lanes, bool log) {
  for (int64_t r = 0; r < lanes; r += Vec::kLanes) {
    const int64_t rest = lanes - r;
    const float* from = src + r;
    float* to = dst + r;
    Vec top = Broadcast(-INFINITY), sum = Broadcast(0.0f);
    for (int64_t i = 0; i < n; ++i) top = Max(top, LoadLanes(from + i * src_stride, rest));
    for (int64_t i = 0; i < n; ++i) {
      Vec e = Exp(LoadLanes(from + i * src_stride, rest) - top);
      if (!log) StoreLanes(to + i * dst_stride, e, rest);
      sum = sum + e;
    }
    if (log) {
      const Vec log_sum = Log(sum);
      for (int64_t i = 0; i < n; ++i) {
        Vec x = LoadLanes(from + i * src_stride, rest);
        StoreLanes(to + i * dst_stride, (x - top) - log_sum, rest);
      }
    } else {
      const Vec scale = Broadcast(1.0f) / sum;
      for (int64_t i = 0; i < n; ++i) {
        StoreLanes(to + i * dst_stride, LoadLanes(to + i * dst_stride, rest) * scale, rest);
      }
    }
  }
}

}  // namespace
}  // namespace plumb::kernels
