// Two-dimensional transposes of 4-byte elements by vectors.
#pragma once

#include <stdint.h>

namespace plumb::kernels {

// dst[r * dst_row + 4 c] = src[4 r + c * src_column] for r < rows, c < columns; strides in bytes.
void Transpose32Avx2(const char* src, int64_t src_column, char* dst, int64_t dst_row, int64_t rows,
                     int64_t columns);

}  // namespace plumb::kernels
