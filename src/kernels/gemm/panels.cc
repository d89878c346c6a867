#include "kernels/gemm/panels.h"

#include <algorithm>
#include <cstring>

namespace plumb::kernels {
namespace {

using Quad = float __attribute__((vector_size(16), aligned(4)));

// Rows of B are contiguous: copies of whole rows.
void PackRows(std::int64_t k, std::int64_t columns, std::int64_t width, const LooseFloat* from,
              std::int64_t k_stride, float scale, float* to) {
  for (std::int64_t i = 0; i < k; ++i, from += k_stride, to += width) {
    for (std::int64_t j = 0; j < columns; ++j) to[j] = from[j] * scale;
    std::fill(to + columns, to + width, 0.0f);
  }
}

// Columns of B are contiguous: 4x4 blocks are transposed in registers.
void PackColumns(std::int64_t k, std::int64_t columns, std::int64_t width, const LooseFloat* from,
                 std::int64_t column_stride, float scale, float* to) {
  const std::int64_t whole_columns = columns / 4 * 4;
  const std::int64_t whole_k = k / 4 * 4;
  for (std::int64_t i = 0; i < whole_k; i += 4) {
    for (std::int64_t j = 0; j < whole_columns; j += 4) {
      Quad row[4];
      for (int q = 0; q < 4; ++q) {
        std::memcpy(&row[q], from + (j + q) * column_stride + i, sizeof(Quad));
        row[q] *= scale;
      }
      const Quad a = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
      const Quad b = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
      const Quad c = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
      const Quad d = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
      const Quad out[4] = {
          __builtin_shufflevector(a, b, 0, 1, 4, 5), __builtin_shufflevector(a, b, 2, 3, 6, 7),
          __builtin_shufflevector(c, d, 0, 1, 4, 5), __builtin_shufflevector(c, d, 2, 3, 6, 7)};
      for (int q = 0; q < 4; ++q) std::memcpy(to + (i + q) * width + j, &out[q], sizeof(Quad));
    }
    for (std::int64_t q = i; q < i + 4; ++q) {
      for (std::int64_t j = whole_columns; j < columns; ++j) {
        to[q * width + j] = from[j * column_stride + q] * scale;
      }
    }
  }
  for (std::int64_t i = whole_k; i < k; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      to[i * width + j] = from[j * column_stride + i] * scale;
    }
  }
  for (std::int64_t i = 0; i < k && columns < width; ++i) {
    std::fill(to + i * width + columns, to + (i + 1) * width, 0.0f);
  }
}

}  // namespace

void PackPanel(const Panels& panels, std::int64_t panel, std::int64_t k, const LooseFloat* from,
               std::int64_t k_stride, std::int64_t column_stride, float scale, float* to) {
  const std::int64_t columns = panels.columns_of(panel);
  const std::int64_t width = std::int64_t{panels.vectors_of(panel)} * panels.lanes;
  from += panels.first_column(panel) * column_stride;
  if (column_stride == 1) return PackRows(k, columns, width, from, k_stride, scale, to);
  if (k_stride == 1) return PackColumns(k, columns, width, from, column_stride, scale, to);
  for (std::int64_t i = 0; i < k; ++i, from += k_stride, to += width) {
    for (std::int64_t j = 0; j < columns; ++j) to[j] = from[j * column_stride] * scale;
    std::fill(to + columns, to + width, 0.0f);
  }
}

}  // namespace plumb::kernels
