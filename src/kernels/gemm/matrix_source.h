// Rows of dense matrices as the tile loop wants them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/gemm/tile_loop.h"

namespace plumb::kernels {

// A, C and the residual as pointers with strides of rows and columns, in elements.
struct MatrixSource {
  const float* a;
  std::int64_t a_row;
  std::int64_t a_col;
  bool copies;
  float* c;
  std::int64_t c_row;
  std::int64_t c_col;
  const float* residual;
  std::int64_t residual_row;
  std::int64_t residual_col;

  TileSource FillA(std::int64_t row, int rows, const Chunk& chunk, const float** table,
                   float* scratch) const {
    const float* from = a + row * a_row + chunk.run_begin * a_col;
    if (!copies) {
      for (int r = 0; r < rows; ++r) table[r] = from + r * a_row;
      return {0, 1, a_col};
    }
    for (int r = 0; r < rows; ++r) table[r] = scratch + r * chunk.run;
    if (a_col == 1) {
      for (int r = 0; r < rows; ++r)
        std::copy_n(from + r * a_row, chunk.run, scratch + r * chunk.run);
    } else if (a_row == 1) {
      for (std::int64_t i = 0; i < chunk.run; ++i) {
        for (int r = 0; r < rows; ++r) scratch[r * chunk.run + i] = from[i * a_col + r];
      }
    } else {
      for (int r = 0; r < rows; ++r) {
        for (std::int64_t i = 0; i < chunk.run; ++i) {
          scratch[r * chunk.run + i] = from[r * a_row + i * a_col];
        }
      }
    }
    return {0, 1, 1};
  }

  void FillC(std::int64_t row, int rows, float** c_rows, const float** residual_rows) const {
    for (int r = 0; r < rows; ++r) {
      c_rows[r] = c + (row + r) * c_row;
      residual_rows[r] = residual + (residual != nullptr ? (row + r) * residual_row : 0);
    }
  }

  void LoadResidual(std::int64_t row, int rows, std::int64_t column, std::int64_t columns,
                    float* stage) const {
    for (int r = 0; r < rows; ++r) {
      const float* from = residual + (row + r) * residual_row + column * residual_col;
      for (std::int64_t j = 0; j < columns; ++j) {
        stage[r * kMaxTileColumns + j] = from[j * residual_col];
      }
    }
  }

  void StoreC(std::int64_t row, int rows, std::int64_t column, std::int64_t columns,
              const float* stage) const {
    for (int r = 0; r < rows; ++r) {
      float* to = c + (row + r) * c_row + column * c_col;
      for (std::int64_t j = 0; j < columns; ++j) to[j * c_col] = stage[r * kMaxTileColumns + j];
    }
  }
};

}  // namespace plumb::kernels
