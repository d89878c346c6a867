// Bodies of the depthwise loops, written once over Vec. Include after one of simd/vec_*.h.
#pragma once

#include "kernels/conv/depthwise.h"

namespace plumb::kernels {
namespace {

PLUMB_INLINE Vec LoadLanes(const float* at, int lanes, bool partial) {
  return partial ? LoadPartial(at, lanes) : Load(at);
}

// Adds bias and residual, applies the bounds and stores one vector of channels.
PLUMB_INLINE void StoreColumn(const DepthwiseBlock& b, std::int64_t column, std::int64_t channel,
                              int lanes, bool partial, Vec sum) {
  if (b.bias != nullptr) sum = sum + Load(b.bias + channel);
  if (b.residual != nullptr) {
    sum = sum + LoadLanes(b.residual + column * b.residual_step + channel, lanes, partial);
  }
  sum = Max(Broadcast(b.low), Min(Broadcast(b.high), sum));
  float* at = b.dst + column * b.dst_step + channel;
  if (partial) {
    StorePartial(at, sum, lanes);
  } else {
    Store(at, sum);
  }
}

// Channels [channel, channel + lanes): input columns pass by once, each adds to the outputs that
// see it, so that every sum still runs over its taps in order.
template <int kTaps, int kStride, int kColumns>
PLUMB_INLINE void RunChannels(const DepthwiseBlock& b, std::int64_t channel, int lanes,
                              bool partial) {
  constexpr int kInputs = (kColumns - 1) * kStride + kTaps;
  Vec sum[kColumns];
#pragma GCC unroll 8
  for (int j = 0; j < kColumns; ++j) sum[j] = Broadcast(0.0f);
  for (std::int64_t r = 0; r < b.rows; ++r) {
    const float* weights = b.weights[r] + channel;
    Vec weight[kTaps];
#pragma GCC unroll 8
    for (int t = 0; t < kTaps; ++t) weight[t] = Load(weights + t * b.weight_step);
    const float* at = b.src[r] + channel;
#pragma GCC unroll 20
    for (int x = 0; x < kInputs; ++x, at += b.src_step) {
      if (x < b.inside_begin || x >= b.inside_end) continue;
      const Vec value = LoadLanes(at, lanes, partial);
#pragma GCC unroll 8
      for (int j = 0; j < kColumns; ++j) {
        const int tap = x - j * kStride;
        if (tap >= 0 && tap < kTaps) sum[j] = Fma(value, weight[tap], sum[j]);
      }
    }
  }
#pragma GCC unroll 8
  for (int j = 0; j < kColumns; ++j) StoreColumn(b, j, channel, lanes, partial, sum[j]);
}

template <int kTaps, int kStride, int kColumns>
void RunDepthwise(const DepthwiseBlock& b) noexcept {
  std::int64_t channel = 0;
  for (; channel + Vec::kLanes <= b.channels; channel += Vec::kLanes) {
    RunChannels<kTaps, kStride, kColumns>(b, channel, Vec::kLanes, false);
  }
  if (channel < b.channels) {
    const int rest = static_cast<int>(b.channels - channel);
    RunChannels<kTaps, kStride, kColumns>(b, channel, rest, true);
  }
}

PLUMB_INLINE void RunAnyChannels(const DepthwiseBlock& b, std::int64_t channel, int lanes,
                                 bool partial) {
  for (std::int64_t j = 0; j < b.columns; ++j) {
    Vec sum = Broadcast(0.0f);
    for (std::int64_t r = 0; r < b.rows; ++r) {
      const float* weights = b.weights[r] + channel;
      for (std::int64_t t = 0; t < b.taps; ++t) {
        const std::int64_t x = j * b.stride + t * b.dilation;
        if (x < b.inside_begin || x >= b.inside_end) continue;
        const Vec value = LoadLanes(b.src[r] + x * b.src_step + channel, lanes, partial);
        sum = Fma(value, Load(weights + t * b.weight_step), sum);
      }
    }
    StoreColumn(b, j, channel, lanes, partial, sum);
  }
}

PLUMB_INLINE void RunDepthwiseAny(const DepthwiseBlock& b) noexcept {
  std::int64_t channel = 0;
  for (; channel + Vec::kLanes <= b.channels; channel += Vec::kLanes) {
    RunAnyChannels(b, channel, Vec::kLanes, false);
  }
  if (channel < b.channels) {
    RunAnyChannels(b, channel, static_cast<int>(b.channels - channel), true);
  }
}

#define PLUMB_DEPTHWISE_ROW(taps, stride)                                  \
  {                                                                        \
    nullptr, RunDepthwise<taps, stride, 1>, RunDepthwise<taps, stride, 2>, \
        RunDepthwise<taps, stride, 3>, RunDepthwise<taps, stride, 4>,      \
        RunDepthwise<taps, stride, 5>, RunDepthwise<taps, stride, 6>,      \
        RunDepthwise<taps, stride, 7>, RunDepthwise<taps, stride, 8>       \
  }

template <int kTaps>
constexpr DepthwiseTable kDepthwiseTable = {
    {PLUMB_DEPTHWISE_ROW(kTaps, 1), PLUMB_DEPTHWISE_ROW(kTaps, 2)}};

#undef PLUMB_DEPTHWISE_ROW

}  // namespace
}  // namespace plumb::kernels
