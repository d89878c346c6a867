// How B is packed: columns are cut into panels of a few vectors, each stored [k][width] so that the
// inner loop reads it front to back. Columns beyond the last are zero.
#pragma once

#include <cstdint>

#include "kernels/loose_float.h"

namespace plumb::kernels {

// Every panel has `vectors` vectors of `lanes` columns but the last, which has what remains.
struct Panels {
  std::int64_t columns = 0;
  std::int32_t lanes = 1;
  std::int32_t vectors = 1;

  std::int64_t width() const { return std::int64_t{lanes} * vectors; }
  std::int64_t count() const { return (columns + width() - 1) / width(); }
  std::int64_t padded_columns() const { return (columns + lanes - 1) / lanes * lanes; }
  std::int64_t first_column(std::int64_t panel) const { return panel * width(); }
  std::int64_t columns_of(std::int64_t panel) const {
    const std::int64_t rest = columns - first_column(panel);
    return rest < width() ? rest : width();
  }
  int vectors_of(std::int64_t panel) const {
    return static_cast<int>((columns_of(panel) + lanes - 1) / lanes);
  }
  // Floats before a panel, and of all of them, for sums of k products.
  std::int64_t offset(std::int64_t panel, std::int64_t k) const { return panel * width() * k; }
  std::int64_t floats(std::int64_t k) const { return padded_columns() * k; }
};

// Packs one panel of a [k, columns] matrix with any strides: to[i][j] = scale * from[i, first + j].
void PackPanel(const Panels& panels, std::int64_t panel, std::int64_t k, const LooseFloat* from,
               std::int64_t k_stride, std::int64_t column_stride, float scale, float* to);

}  // namespace plumb::kernels
