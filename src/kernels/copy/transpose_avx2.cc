#include "kernels/copy/transpose.h"

#include <immintrin.h>
#include <string.h>

namespace plumb::kernels {
namespace {

inline __attribute__((always_inline)) __m256 LoadPair(const char* low, const char* high) {
  __m128 a = _mm_loadu_ps(reinterpret_cast<const float*>(low));
  __m128 b = _mm_loadu_ps(reinterpret_cast<const float*>(high));
  return _mm256_insertf128_ps(_mm256_castps128_ps256(a), b, 1);
}

// Eight columns of eight elements: halves are loaded crosswise, so that only shuffles within
// 128-bit lanes remain.
inline __attribute__((always_inline)) void Transpose8x8(const char* src, int64_t src_column,
                                                        char* dst, int64_t dst_row) {
  __m256 x[8], y[8];
  for (int i = 0; i < 4; ++i) {
    const char* low = src + i * src_column;
    const char* high = src + (i + 4) * src_column;
    x[i] = LoadPair(low, high);
    x[i + 4] = LoadPair(low + 16, high + 16);
  }
  for (int h = 0; h < 8; h += 4) {
    y[h] = _mm256_unpacklo_ps(x[h], x[h + 1]);
    y[h + 1] = _mm256_unpackhi_ps(x[h], x[h + 1]);
    y[h + 2] = _mm256_unpacklo_ps(x[h + 2], x[h + 3]);
    y[h + 3] = _mm256_unpackhi_ps(x[h + 2], x[h + 3]);
  }
  for (int h = 0; h < 8; h += 4) {
    float* row = reinterpret_cast<float*>(dst + h * dst_row);
    _mm256_storeu_ps(row, _mm256_shuffle_ps(y[h], y[h + 2], 0x44));
    row = reinterpret_cast<float*>(dst + (h + 1) * dst_row);
    _mm256_storeu_ps(row, _mm256_shuffle_ps(y[h], y[h + 2], 0xee));
    row = reinterpret_cast<float*>(dst + (h + 2) * dst_row);
    _mm256_storeu_ps(row, _mm256_shuffle_ps(y[h + 1], y[h + 3], 0x44));
    row = reinterpret_cast<float*>(dst + (h + 3) * dst_row);
    _mm256_storeu_ps(row, _mm256_shuffle_ps(y[h + 1], y[h + 3], 0xee));
  }
}

void TransposeEdge(const char* src, int64_t src_column, char* dst, int64_t dst_row, int64_t rows,
                   int64_t columns) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      memcpy(dst + r * dst_row + 4 * c, src + 4 * r + c * src_column, 4);
    }
  }
}

// Where element 8 * out + lane of eight interleaved rows of kColumns comes from.
template <int kColumns, int kOut>
struct Interleaved {
  static constexpr int Row(int lane) { return (8 * kOut + lane) / kColumns; }
  static constexpr int Mask(int column) {
    int mask = 0;
    for (int lane = 0; lane < 8; ++lane) {
      mask |= ((8 * kOut + lane) % kColumns == column) << lane;
    }
    return mask;
  }
};

template <int kColumns, int kOut>
inline __attribute__((always_inline)) void StoreInterleaved(const __m256* x, char* dst) {
  using Of = Interleaved<kColumns, kOut>;
  const __m256i rows = _mm256_setr_epi32(Of::Row(0), Of::Row(1), Of::Row(2), Of::Row(3), Of::Row(4),
                                         Of::Row(5), Of::Row(6), Of::Row(7));
  __m256 y = _mm256_permutevar8x32_ps(x[0], rows);
  y = _mm256_blend_ps(y, _mm256_permutevar8x32_ps(x[1], rows), Of::Mask(1));
  if constexpr (kColumns > 2) {
    y = _mm256_blend_ps(y, _mm256_permutevar8x32_ps(x[2], rows), Of::Mask(2));
  }
  if constexpr (kColumns > 3) {
    y = _mm256_blend_ps(y, _mm256_permutevar8x32_ps(x[3], rows), Of::Mask(3));
  }
  _mm256_storeu_ps(reinterpret_cast<float*>(dst) + 8 * kOut, y);
  if constexpr (kOut + 1 < kColumns) StoreInterleaved<kColumns, kOut + 1>(x, dst);
}

// Few columns whose rows follow each other in dst: eight rows at a time. Returns the rows done.
template <int kColumns>
int64_t Interleave(const char* src, int64_t src_column, char* dst, int64_t rows) {
  int64_t r = 0;
  for (; r + 8 <= rows; r += 8) {
    __m256 x[kColumns];
    for (int c = 0; c < kColumns; ++c) {
      x[c] = _mm256_loadu_ps(reinterpret_cast<const float*>(src + c * src_column) + r);
    }
    StoreInterleaved<kColumns, 0>(x, dst + 4 * kColumns * r);
  }
  return r;
}

}  // namespace

void Transpose32Avx2(const char* src, int64_t src_column, char* dst, int64_t dst_row, int64_t rows,
                     int64_t columns) {
  if (columns >= 2 && columns <= 4 && dst_row == 4 * columns) {
    const int64_t done = columns == 2   ? Interleave<2>(src, src_column, dst, rows)
                         : columns == 3 ? Interleave<3>(src, src_column, dst, rows)
                                        : Interleave<4>(src, src_column, dst, rows);
    TransposeEdge(src + 4 * done, src_column, dst + done * dst_row, dst_row, rows - done, columns);
    return;
  }
  const int64_t whole_rows = rows / 8 * 8, whole_columns = columns / 8 * 8;
  // The side with the longer stride is walked along its contiguous direction: long strides are
  // often powers of two, whose lines share a cache set.
  if (dst_row > src_column) {
    for (int64_t r = 0; r < whole_rows; r += 8) {
      for (int64_t c = 0; c < whole_columns; c += 8) {
        Transpose8x8(src + 4 * r + c * src_column, src_column, dst + r * dst_row + 4 * c, dst_row);
      }
    }
  } else {
    for (int64_t c = 0; c < whole_columns; c += 8) {
      for (int64_t r = 0; r < whole_rows; r += 8) {
        Transpose8x8(src + 4 * r + c * src_column, src_column, dst + r * dst_row + 4 * c, dst_row);
      }
    }
  }
  TransposeEdge(src + whole_columns * src_column, src_column, dst + 4 * whole_columns, dst_row,
                whole_rows, columns - whole_columns);
  TransposeEdge(src + 4 * whole_rows, src_column, dst + whole_rows * dst_row, dst_row,
                rows - whole_rows, columns);
}

}  // namespace plumb::kernels
