#include <immintrin.h>

#include "kernels/dot/dot_functions.h"

#define PLUMB_DOT_INLINE inline __attribute__((always_inline))

namespace plumb::kernels {
namespace {

// Bytes of four rows for 64 channels, to [channel][row]. Interleaving works within quarters of a
// register, so the quarters of each row are dealt out first: channels stay in order.
PLUMB_DOT_INLINE void Interleave(const __m512i rows[4], char* to) {
  const __m512i ab_low = _mm512_unpacklo_epi8(rows[0], rows[1]);
  const __m512i ab_high = _mm512_unpackhi_epi8(rows[0], rows[1]);
  const __m512i cd_low = _mm512_unpacklo_epi8(rows[2], rows[3]);
  const __m512i cd_high = _mm512_unpackhi_epi8(rows[2], rows[3]);
  _mm512_store_si512(to, _mm512_unpacklo_epi16(ab_low, cd_low));
  _mm512_store_si512(to + 64, _mm512_unpackhi_epi16(ab_low, cd_low));
  _mm512_store_si512(to + 128, _mm512_unpacklo_epi16(ab_high, cd_high));
  _mm512_store_si512(to + 192, _mm512_unpackhi_epi16(ab_high, cd_high));
}

template <int kRows>
PLUMB_DOT_INLINE void SumRows(const DotQuadSums& out, int64_t row) {
  __m512i sum[kRows][2];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) sum[r][0] = sum[r][1] = _mm512_setzero_si512();
  const char* weights = out.weights;
  for (int64_t group = 0; group < out.groups; ++group) {
    const char* quads = out.quads + row * out.row_step + group * out.group_step;
    for (int64_t tap = 0; tap < out.taps; ++tap, quads += out.tap_step, weights += 128) {
      const __m512i low = _mm512_loadu_si512(weights), high = _mm512_loadu_si512(weights + 64);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const char* quad = quads + r * out.row_step;
        sum[r][0] = _mm512_dpbusd_epi32(sum[r][0], _mm512_loadu_si512(quad), low);
        sum[r][1] = _mm512_dpbusd_epi32(sum[r][1], _mm512_loadu_si512(quad + 64), high);
      }
    }
  }
  char* to = static_cast<char*>(out.sums) + row * kDotColumns * 4;
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    _mm512_storeu_si512(to + r * kDotColumns * 4, sum[r][0]);
    _mm512_storeu_si512(to + r * kDotColumns * 4 + 64, sum[r][1]);
  }
}

}  // namespace

void DotQuadsAvx512Vnni(const DotQuads& q) noexcept {
  const __m512i deal = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(q.flip));
  const __m512i fill = _mm512_xor_si512(_mm512_set1_epi8(static_cast<char>(q.fill)), flip);
  const __mmask64 lanes = q.channels >= 64 ? ~__mmask64{0} : (__mmask64{1} << q.channels) - 1;
  const __m512i padding[4] = {fill, fill, fill, fill};
  char* to = q.to;
  int64_t column = 0;
  for (; column < q.begin; ++column, to += kQuadBytes) Interleave(padding, to);
  const char* from[4] = {q.rows[0], q.rows[1], q.rows[2], q.rows[3]};
  for (; column < q.end; ++column, to += kQuadBytes) {
    __m512i rows[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      if (from[i] == nullptr) {
        rows[i] = fill;
        continue;
      }
      const __m512i bytes = _mm512_maskz_loadu_epi8(lanes, from[i]);
      rows[i] = _mm512_maskz_permutexvar_epi32(0xFFFF, deal, _mm512_xor_si512(bytes, flip));
      from[i] += q.step;
    }
    Interleave(rows, to);
  }
  for (; column < q.columns; ++column, to += kQuadBytes) Interleave(padding, to);
}

void DotQuadSumsAvx512Vnni(const DotQuadSums& out) noexcept {
  int64_t row = 0;
  for (; row + 8 <= out.rows; row += 8) SumRows<8>(out, row);
  for (; row + 2 <= out.rows; row += 2) SumRows<2>(out, row);
  if (row < out.rows) SumRows<1>(out, row);
}

}  // namespace plumb::kernels
