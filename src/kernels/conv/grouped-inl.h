// Bodies of the grouped loops, written once over Vec. Include after one of simd/vec_*.h and after
// PermuteIndex, LoadIndex and Permute of the instruction set (grouped_<isa>.cc).
#pragma once

#include "kernels/conv/grouped.h"

namespace plumb::kernels {
namespace {

// The channels that the lanes take from the pixel at `at`.
template <bool kTwo>
PLUMB_INLINE Vec LoadPermuted(const GroupedBlock& b, const float* at, PermuteIndex index) {
  const int first = static_cast<int>(b.loaded);
  const Vec low = first < Vec::kLanes ? LoadPartial(at, first) : Load(at);
  if (!kTwo) return Permute(low, index);
  const int second = first - Vec::kLanes;
  const Vec high = second >= Vec::kLanes ? Load(at + Vec::kLanes)
                   : second > 0          ? LoadPartial(at + Vec::kLanes, second)
                                         : Broadcast(0.0f);
  return Permute(low, high, index);
}

PLUMB_INLINE void StoreLanes(const GroupedBlock& b, std::int64_t column, Vec sum) {
  const int lanes = static_cast<int>(b.channels);
  if (b.bias != nullptr) sum = sum + Load(b.bias);
  if (b.residual != nullptr) sum = sum + LoadPartial(b.residual + column * b.residual_step, lanes);
  sum = Max(Broadcast(b.low), Min(Broadcast(b.high), sum));
  StorePartial(b.dst + column * b.dst_step, sum, lanes);
}

template <int kTaps, int kStride, int kColumns, bool kTwo>
void RunGrouped(const GroupedBlock& b) noexcept {
  constexpr int kInputs = (kColumns - 1) * kStride + kTaps;
  Vec sum[kColumns];
#pragma GCC unroll 8
  for (int j = 0; j < kColumns; ++j) sum[j] = Broadcast(0.0f);
  for (std::int64_t r = 0; r < b.rows; ++r) {
    const float* weights = b.weights[r];
    for (std::int64_t c = 0; c < b.group_channels; ++c, weights += kTaps * Vec::kLanes) {
      const PermuteIndex index = LoadIndex(b.lanes_of + c * Vec::kLanes);
      Vec weight[kTaps];
#pragma GCC unroll 8
      for (int t = 0; t < kTaps; ++t) weight[t] = Load(weights + t * Vec::kLanes);
      const float* at = b.src[r];
#pragma GCC unroll 20
      for (int x = 0; x < kInputs; ++x, at += b.src_step) {
        if (x < b.inside_begin || x >= b.inside_end) continue;
        const Vec value = LoadPermuted<kTwo>(b, at, index);
#pragma GCC unroll 8
        for (int j = 0; j < kColumns; ++j) {
          const int tap = x - j * kStride;
          if (tap >= 0 && tap < kTaps) sum[j] = Fma(value, weight[tap], sum[j]);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int j = 0; j < kColumns; ++j) StoreLanes(b, j, sum[j]);
}

template <bool kTwo>
void RunGroupedAny(const GroupedBlock& b) noexcept {
  for (std::int64_t j = 0; j < b.columns; ++j) {
    Vec sum = Broadcast(0.0f);
    for (std::int64_t r = 0; r < b.rows; ++r) {
      const float* weights = b.weights[r];
      for (std::int64_t c = 0; c < b.group_channels; ++c) {
        const PermuteIndex index = LoadIndex(b.lanes_of + c * Vec::kLanes);
        for (std::int64_t t = 0; t < b.taps; ++t, weights += Vec::kLanes) {
          const std::int64_t x = j * b.stride + t * b.dilation;
          if (x < b.inside_begin || x >= b.inside_end) continue;
          const Vec value = LoadPermuted<kTwo>(b, b.src[r] + x * b.src_step, index);
          sum = Fma(value, Load(weights), sum);
        }
      }
    }
    StoreLanes(b, j, sum);
  }
}

#define PLUMB_GROUPED_ROW(stride, two)                                     \
  {                                                                        \
    nullptr, RunGrouped<3, stride, 1, two>, RunGrouped<3, stride, 2, two>, \
        RunGrouped<3, stride, 3, two>, RunGrouped<3, stride, 4, two>,      \
        RunGrouped<3, stride, 5, two>, RunGrouped<3, stride, 6, two>,      \
        RunGrouped<3, stride, 7, two>                                      \
  }

constexpr GroupedTable kGroupedTable = {Vec::kLanes,
                                        {{PLUMB_GROUPED_ROW(1, false), PLUMB_GROUPED_ROW(2, false)},
                                         {PLUMB_GROUPED_ROW(1, true), PLUMB_GROUPED_ROW(2, true)}},
                                        {RunGroupedAny<false>, RunGroupedAny<true>}};

#undef PLUMB_GROUPED_ROW

}  // namespace
}  // namespace plumb::kernels
