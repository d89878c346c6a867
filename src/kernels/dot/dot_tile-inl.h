// Body of the vector tiles. Ops names an accumulator of kLanes columns and how groups of four bytes
// are multiplied into it:
//   Acc Zero(); Acc Load(const void* from); Group Row(const char* a); Group Panel(const char* b);
//   Acc Dot(Acc, Group a, Group b); void Store(void* to, Acc)
// with Row broadcasting one group of A and Panel loading kLanes groups of B.
#pragma once

#include <stdint.h>
#include <string.h>

#include "kernels/dot/dot_functions.h"

#define PLUMB_DOT_INLINE inline __attribute__((always_inline))

namespace plumb::kernels {
namespace {

template <typename Ops, int kRows, int kVectors>
PLUMB_DOT_INLINE void DotBlock(const DotTile& tile, int64_t row, int64_t column) {
  typename Ops::Acc sum[kRows][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    const char* from = static_cast<const char*>(tile.sums) + ((row + r) * kDotColumns + column) * 4;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sum[r][v] = tile.accumulate ? Ops::Load(from + v * Ops::kLanes * 4) : Ops::Zero();
    }
  }
  const char* a[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) a[r] = tile.a + (row + r) * tile.a_pitch;
  const char* b = tile.b + column * 4;
  const int64_t b_pitch = tile.columns * 4;
  for (int64_t i = 0; i < tile.groups * 4; i += 4, b += b_pitch) {
    typename Ops::Group panel[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) panel[v] = Ops::Panel(b + v * Ops::kLanes * 4);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const typename Ops::Group one = Ops::Row(a[r] + i);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[r][v] = Ops::Dot(sum[r][v], one, panel[v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    char* to = static_cast<char*>(tile.sums) + ((row + r) * kDotColumns + column) * 4;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) Ops::Store(to + v * Ops::kLanes * 4, sum[r][v]);
  }
}

template <typename Ops, int kRows, int kVectors>
PLUMB_DOT_INLINE void DotColumns(const DotTile& tile, int64_t row) {
  for (int64_t column = 0; column < tile.columns; column += kVectors * Ops::kLanes) {
    DotBlock<Ops, kRows, kVectors>(tile, row, column);
  }
}

// `rows` of at most kRows.
template <typename Ops, int kRows, int kVectors>
PLUMB_DOT_INLINE void DotSomeRows(const DotTile& tile, int64_t row, int64_t rows) {
  if constexpr (kRows == 1) {
    DotColumns<Ops, 1, kVectors>(tile, row);
  } else if (rows == kRows) {
    DotColumns<Ops, kRows, kVectors>(tile, row);
  } else {
    DotSomeRows<Ops, kRows - 1, kVectors>(tile, row, rows);
  }
}

// kMost rows of kVectors vectors fill the registers. Rows are cut evenly: the sums of few rows wait
// for each other.
template <typename Ops, int kMost, int kVectors>
PLUMB_DOT_INLINE void RunDot(const DotTile& tile) {
  const int64_t blocks = (tile.rows + kMost - 1) / kMost;
  for (int64_t i = 0; i < blocks; ++i) {
    const int64_t row = tile.rows * i / blocks;
    DotSomeRows<Ops, kMost, kVectors>(tile, row, tile.rows * (i + 1) / blocks - row);
  }
}

// Whole panels of 32 columns, or one vector at a time of a narrow one.
template <typename Ops, int kMost>
PLUMB_DOT_INLINE void RunDot512(const DotTile& tile) {
  if (tile.columns == 2 * Ops::kLanes) return RunDot<Ops, kMost, 2>(tile);
  RunDot<Ops, kMost, 1>(tile);
}

}  // namespace
}  // namespace plumb::kernels
