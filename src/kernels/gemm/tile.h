// The inner loop of matrix products and of convolution: one tile of C, held in registers.
//
// A tile is `rows` rows of C by `columns` columns (one panel of B). Its sum runs over `taps` runs
// of `run` products each. A is read through one pointer per row and tap, so that a convolution
// needs no unfolded copy: row r in tap t starts at a_rows[t * rows + r] and steps by a_step. B is a
// packed panel: `taps * run` rows of whole vectors, those beyond `columns` hold zeros.
#pragma once

#include <cstdint>

#include "kernels/epilogue.h"

namespace plumb::kernels {

inline constexpr int kMaxTileRows = 14;
inline constexpr int kMaxTileVectors = 4;
inline constexpr int kMaxTileColumns = 64;

struct Tile {
  const float* const* a_rows;  // [taps][rows]
  std::int64_t taps;
  std::int64_t run;
  std::int64_t a_step;
  const float* b;                     // [taps * run][width of the panel: whole vectors]
  std::int64_t prefetch;              // bytes from each row of b to what is wanted next in the L2
  float* const* c_rows;               // [rows], first column at index `column`
  const float* bias;                  // [vectors * lanes] or null
  const float* const* residual_rows;  // [rows] or null, first column at index residual_column
  std::int64_t column;
  std::int64_t residual_column;
  std::int64_t columns;   // 1 .. vectors * lanes
  bool residual_per_row;  // one residual value for the whole row
  bool accumulate;        // start from what C holds
  float low;              // C = max(low, min(high, x)); NaN stays
  float high;
};

using TileFn = void (*)(const Tile& tile) noexcept;

// Applies an activation in place to rows[r][column .. column + columns).
using ActivateFn = void (*)(const Epilogue& epilogue, float* const* rows, std::int64_t count,
                            std::int64_t column, std::int64_t columns) noexcept;

// What one instruction set offers: tile[vectors][rows], null beyond max_rows[vectors].
struct TileSet {
  int lanes;
  int max_vectors;
  int max_rows[kMaxTileVectors + 1];
  const TileFn* tile[kMaxTileVectors + 1];  // each [kMaxTileRows + 1]
  ActivateFn activate;
};

}  // namespace plumb::kernels
