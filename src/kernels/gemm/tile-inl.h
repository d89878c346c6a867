// Body of the tiles, written once over Vec. Include after one of simd/vec_*.h.
#pragma once

#include "kernels/gemm/tile.h"

namespace plumb::kernels {
namespace {

// Stores max(low, min(high, sum + bias + residual)); NaN stays, as Min and Max return their second
// operand when either is NaN.
template <int kRows, int kVectors>
PLUMB_INLINE void StoreTile(const Tile& tile, Vec (&sum)[kRows][kVectors]) {
  const int tail = static_cast<int>(tile.columns) - (kVectors - 1) * Vec::kLanes;
  const Vec low = Broadcast(tile.low);
  const Vec high = Broadcast(tile.high);
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const bool partial = v == kVectors - 1 && tail < Vec::kLanes;
    const int first = v * Vec::kLanes;
    if (tile.bias != nullptr) {
      const Vec bias = Load(tile.bias + first);
#pragma GCC unroll 14
      for (int r = 0; r < kRows; ++r) sum[r][v] = sum[r][v] + bias;
    }
    if (tile.residual_rows != nullptr) {
#pragma GCC unroll 14
      for (int r = 0; r < kRows; ++r) {
        const float* residual = tile.residual_rows[r];
        const float* at = residual + tile.residual_column + first;
        sum[r][v] = sum[r][v] + (tile.residual_per_row ? Broadcast(residual[0])
                                 : partial             ? LoadPartial(at, tail)
                                                       : Load(at));
      }
    }
#pragma GCC unroll 14
    for (int r = 0; r < kRows; ++r) {
      const Vec value = Max(low, Min(high, sum[r][v]));
      float* at = tile.c_rows[r] + tile.column + first;
      if (partial) {
        StorePartial(at, value, tail);
      } else {
        Store(at, value);
      }
    }
  }
}

template <int kRows, int kVectors>
PLUMB_INLINE void LoadTile(const Tile& tile, Vec (&sum)[kRows][kVectors]) {
  const int tail = static_cast<int>(tile.columns) - (kVectors - 1) * Vec::kLanes;
#pragma GCC unroll 14
  for (int r = 0; r < kRows; ++r) {
    const float* c = tile.c_rows[r] + tile.column;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v, c += Vec::kLanes) {
      if (!tile.accumulate) {
        __builtin_prefetch(c, 1, 3);
        sum[r][v] = Broadcast(0.0f);
      } else {
        sum[r][v] = v == kVectors - 1 ? LoadPartial(c, tail) : Load(c);
      }
    }
  }
}

template <int kRows, int kVectors>
void RunTile(const Tile& tile) noexcept {
  constexpr int kWidth = kVectors * Vec::kLanes;
  Vec sum[kRows][kVectors];
  LoadTile<kRows, kVectors>(tile, sum);
  const float* b = tile.b;
  const std::int64_t a_step = tile.a_step;
  const std::int64_t prefetch = tile.prefetch;
  const float* const* rows = tile.a_rows;
  for (std::int64_t tap = 0; tap < tile.taps; ++tap, rows += kRows) {
    const float* a[kRows];
#pragma GCC unroll 14
    for (int r = 0; r < kRows; ++r) a[r] = rows[r];
    const float* const b_end = b + tile.run * kWidth;
    // One index serves all row pointers, so that they stay in registers unchanged.
    for (std::int64_t i = 0; b != b_end; b += kWidth, i += a_step) {
      Vec wide[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) wide[v] = Load(b + v * Vec::kLanes);
      __builtin_prefetch(reinterpret_cast<const char*>(b) + prefetch, 0, 2);
#pragma GCC unroll 14
      for (int r = 0; r < kRows; ++r) {
        const Vec one = Broadcast(a[r][i]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sum[r][v] = Fma(one, wide[v], sum[r][v]);
      }
    }
  }
  StoreTile<kRows, kVectors>(tile, sum);
}

}  // namespace
}  // namespace plumb::kernels
