// The inner loops of convolution over few input channels, such as a network's first layer: taps are
// read along rows of the image, at fixed distances from one output pixel to the next.
#pragma once

#include <cstdint>

#include "kernels/gemm/tile.h"

namespace plumb::kernels {

// The sums of one tile: neighbouring outputs of one image row. A line is one kernel row of one
// input channel: tap t of output r reads lines[l][r * step + t * tap_step].
struct LineSums {
  const float* const* lines;    // [count]
  const float* const* weights;  // [count] -> [taps][vectors of the panel * lanes]
  std::int64_t count;
  std::int64_t taps;
  std::int64_t tap_step;
  std::int64_t step;
};

// Writes a tile of C as TileFn does; of the tile's fields those that describe C are read.
using LineFn = void (*)(const LineSums& sums, const Tile& tile) noexcept;

// Distances between outputs that have loops of their own; the first, 0, stands for any other.
inline constexpr int kLineSteps[] = {0, 1, 2, 3, 4, 6};
inline constexpr int kLineStepCount = 6;
inline constexpr int kLineRowCounts = 3;
inline constexpr int kMaxLineVectors = 2;

// fn[step][vectors - 1][i] computes tiles of rows[vectors - 1][i] outputs; the last is a tile of
// one.
struct LineTable {
  int lanes;
  int rows[kMaxLineVectors][kLineRowCounts];
  LineFn fn[kLineStepCount][kMaxLineVectors][kLineRowCounts];
};

extern const LineTable kLinesAvx512;
extern const LineTable kLinesAvx2;

}  // namespace plumb::kernels
