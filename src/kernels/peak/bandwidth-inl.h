// Bodies of the bandwidth loops, written against simd/vec_*.h.
#pragma once

#include "kernels/peak/bandwidth_loops.h"

namespace plumb::kernels {
namespace {

constexpr int64_t kUnroll = 4;

// Maxima instead of sums: their latency is hidden by four of them on every machine.
float ReadLoop(const float* src, int64_t n) {
  Vec top[kUnroll];
  for (Vec& t : top) t = Broadcast(0.0f);
  for (int64_t i = 0; i < n; i += kUnroll * Vec::kLanes) {
    for (int64_t k = 0; k < kUnroll; ++k) top[k] = Max(Load(src + i + k * Vec::kLanes), top[k]);
  }
  return ReduceMax(Max(Max(top[0], top[1]), Max(top[2], top[3])));
}

void WriteLoop(float* dst, int64_t n, float value) {
  const Vec v = Broadcast(value);
  for (int64_t i = 0; i < n; i += kUnroll * Vec::kLanes) {
    for (int64_t k = 0; k < kUnroll; ++k) Store(dst + i + k * Vec::kLanes, v);
  }
}

void CopyLoop(const float* src, float* dst, int64_t n) {
  for (int64_t i = 0; i < n; i += kUnroll * Vec::kLanes) {
    for (int64_t k = 0; k < kUnroll; ++k) {
      Store(dst + i + k * Vec::kLanes, Load(src + i + k * Vec::kLanes));
    }
  }
}

}  // namespace
}  // namespace plumb::kernels
