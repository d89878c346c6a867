// Body of the running softmax, written once over Vec. Include after one of simd/vec_*.h.
#pragma once

#include "kernels/attention/online_softmax.h"
#include "kernels/simd/math-inl.h"

namespace plumb::kernels {
namespace {

// A NaN may be lost here; its weight is NaN whatever the maximum is.
PLUMB_INLINE float RowMax(const float* row, int64_t n) {
  constexpr int64_t kLanes = Vec::kLanes;
  Vec best[2] = {Broadcast(-INFINITY), Broadcast(-INFINITY)};
  int64_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    for (int k = 0; k < 2; ++k) best[k] = Max(best[k], Load(row + i + k * kLanes));
  }
  for (; i + kLanes <= n; i += kLanes) best[0] = Max(best[0], Load(row + i));
  float top = ReduceMax(Max(best[0], best[1]));
  for (; i < n; ++i) top = row[i] > top ? row[i] : top;
  return top;
}

// The row becomes e^(x - top); returns the sum.
PLUMB_INLINE float RowExp(float* row, int64_t n, float top) {
  constexpr int64_t kLanes = Vec::kLanes;
  const Vec shift = Broadcast(top);
  Vec sum[2] = {Broadcast(0.0f), Broadcast(0.0f)};
  int64_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    for (int k = 0; k < 2; ++k) {
      const Vec e = Exp(Load(row + i + k * kLanes) - shift);
      Store(row + i + k * kLanes, e);
      sum[k] = sum[k] + e;
    }
  }
  for (; i + kLanes <= n; i += kLanes) {
    const Vec e = Exp(Load(row + i) - shift);
    Store(row + i, e);
    sum[0] = sum[0] + e;
  }
  float total = ReduceSum(sum[0] + sum[1]);
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    float tail[Vec::kLanes];
    const Vec e = Exp(LoadPartial(row + i, rest) - shift);
    StorePartial(row + i, e, rest);
    Store(tail, e);
    for (int k = 0; k < rest; ++k) total += tail[k];
  }
  return total;
}

PLUMB_INLINE void ScaleRow(float* row, int64_t n, float factor) {
  const Vec by = Broadcast(factor);
  int64_t i = 0;
  for (; i + Vec::kLanes <= n; i += Vec::kLanes) Store(row + i, Load(row + i) * by);
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    StorePartial(row + i, LoadPartial(row + i, rest) * by, rest);
  }
}

void AddOnlineRows(const OnlineRows& p) noexcept {
  float factor[kMaxOnlineRows];  // of what was summed before
  float shift[kMaxOnlineRows];
  for (int64_t r = 0; r < p.rows; ++r) {
    const float here = RowMax(p.scores + r * p.score_stride, p.keys);
    const float before = p.first ? -INFINITY : p.top[r];
    const float top = here > before ? here : before;
    // Where no key is seen so far, weights are e^-inf rather than e^(-inf + inf).
    shift[r] = top == -INFINITY ? 0.0f : top;
    factor[r] = before - shift[r];
    p.top[r] = top;
  }
  int64_t r = 0;
  for (; r + Vec::kLanes <= p.rows; r += Vec::kLanes) Store(factor + r, Exp(Load(factor + r)));
  if (r < p.rows) {
    const int rest = static_cast<int>(p.rows - r);
    StorePartial(factor + r, Exp(LoadPartial(factor + r, rest)), rest);
  }
  for (r = 0; r < p.rows; ++r) {
    const float sum = RowExp(p.scores + r * p.score_stride, p.keys, shift[r]);
    if (p.first) {
      p.sum[r] = sum;
      continue;
    }
    p.sum[r] = p.sum[r] * factor[r] + sum;
    if (factor[r] != 1.0f) ScaleRow(p.values + r * p.value_stride, p.value_width, factor[r]);
  }
}

void FinishOnlineRows(const OnlineRows& p) noexcept {
  for (int64_t r = 0; r < p.rows; ++r) {
    ScaleRow(p.values + r * p.value_stride, p.value_width, 1.0f / p.sum[r]);
  }
}

}  // namespace
}  // namespace plumb::kernels
