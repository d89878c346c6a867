// Body of the loops over few input channels, written once over Vec. Include after one of
// simd/vec_*.h.
#pragma once

#include "kernels/conv/few_channels.h"
#include "kernels/gemm/tile-inl.h"

namespace plumb::kernels {
namespace {

// With kStep the inputs of all outputs lie at constant distances from one pointer.
template <int kStep, int kVectors, int kRows>
void SumLines(const LineSums& sums, const Tile& tile) noexcept {
  constexpr int kWidth = kVectors * Vec::kLanes;
  const std::int64_t step = kStep == 0 ? sums.step : kStep;
  Vec sum[kRows][kVectors];
#pragma GCC unroll 14
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sum[r][v] = Broadcast(0.0f);
  }
  for (std::int64_t line = 0; line < sums.count; ++line) {
    const float* a = sums.lines[line];
    const float* w = sums.weights[line];
    for (std::int64_t t = 0; t < sums.taps; ++t, a += sums.tap_step, w += kWidth) {
      Vec wide[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) wide[v] = Load(w + v * Vec::kLanes);
#pragma GCC unroll 14
      for (int r = 0; r < kRows; ++r) {
        const Vec one = Broadcast(a[r * step]);
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sum[r][v] = Fma(one, wide[v], sum[r][v]);
      }
    }
  }
  StoreTile<kRows, kVectors>(tile, sum);
}

#define PLUMB_LINES(step, rows1, half1, rows2, half2)                             \
  {                                                                               \
    {SumLines<step, 1, rows1>, SumLines<step, 1, half1>, SumLines<step, 1, 1>}, { \
      SumLines<step, 2, rows2>, SumLines<step, 2, half2>, SumLines<step, 2, 1>    \
    }                                                                             \
  }
#define PLUMB_LINE_TABLE(rows1, half1, rows2, half2)                                              \
  {                                                                                               \
    Vec::kLanes, {{rows1, half1, 1}, {rows2, half2, 1}}, {                                        \
      PLUMB_LINES(0, rows1, half1, rows2, half2), PLUMB_LINES(1, rows1, half1, rows2, half2),     \
          PLUMB_LINES(2, rows1, half1, rows2, half2), PLUMB_LINES(3, rows1, half1, rows2, half2), \
          PLUMB_LINES(4, rows1, half1, rows2, half2), PLUMB_LINES(6, rows1, half1, rows2, half2)  \
    }                                                                                             \
  }

}  // namespace
}  // namespace plumb::kernels
