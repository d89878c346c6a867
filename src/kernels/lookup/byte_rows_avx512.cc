// The table as 128 pairs of bytes in four registers: a pair is found by seven bits of an element,
// and the lowest bit chooses within it.
#include <immintrin.h>

#include "kernels/lookup/byte_rows.h"

namespace plumb::kernels {
namespace {

struct Table {
  __m512i pairs[4];
};

// The pair of each word by its low six bits, and whether it lies in the upper half.
inline __m512i Pairs(const Table& table, __m512i index, __mmask32 upper) {
  const __m512i low = _mm512_permutex2var_epi16(table.pairs[0], index, table.pairs[1]);
  const __m512i high = _mm512_permutex2var_epi16(table.pairs[2], index, table.pairs[3]);
  return _mm512_mask_blend_epi16(upper, low, high);
}

inline __m512i LookUp(const Table& table, __m512i x) {
  const __m512i one = _mm512_set1_epi16(1);
  const __m512i even =
      Pairs(table, _mm512_srli_epi16(x, 1), _mm512_test_epi16_mask(x, _mm512_set1_epi16(0x80)));
  const __m512i odd = Pairs(table, _mm512_srli_epi16(x, 9), _mm512_movepi16_mask(x));
  // Even elements are wanted in the lower byte of their word, odd ones in the upper.
  const __m512i second = _mm512_slli_epi16(_mm512_and_si512(x, one), 3);
  const __m512i lowest = _mm512_and_si512(_mm512_srli_epi16(x, 8), one);
  const __m512i first = _mm512_slli_epi16(_mm512_xor_si512(lowest, one), 3);
  return _mm512_mask_blend_epi8(0xAAAAAAAAAAAAAAAA, _mm512_srlv_epi16(even, second),
                                _mm512_sllv_epi16(odd, first));
}

}  // namespace

void LookUpRowsAvx512(const ByteRows& rows) noexcept {
  Table table;
  for (int i = 0; i < 4; ++i) table.pairs[i] = _mm512_loadu_si512(rows.table + 64 * i);
  for (int64_t r = 0; r < rows.rows; ++r) {
    const uint8_t* src = rows.src + r * rows.src_pitch;
    uint8_t* dst = rows.dst + r * rows.dst_pitch;
    int64_t i = 0;
    for (; i + 64 <= rows.columns; i += 64) {
      _mm512_storeu_si512(dst + i, LookUp(table, _mm512_loadu_si512(src + i)));
    }
    if (i == rows.columns) continue;
    const __mmask64 rest = (__mmask64{1} << (rows.columns - i)) - 1;
    _mm512_mask_storeu_epi8(dst + i, rest, LookUp(table, _mm512_maskz_loadu_epi8(rest, src + i)));
  }
}

}  // namespace plumb::kernels
