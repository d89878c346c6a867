// See narrow_scalar.h.
#pragma once

#include "kernels/simd/vec_avx512.h"

namespace plumb::kernels {
namespace {

// The first n bytes. Masked stores of bytes take tens of cycles on some processors.
PLUMB_INLINE void StoreTail(void* p, __m128i x, int n) {
  char* to = static_cast<char*>(p);
  if ((n & 8) != 0) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), x);
    x = _mm_unpackhi_epi64(x, x);
    to += 8;
  }
  if ((n & 4) != 0) {
    _mm_storeu_si32(to, x);
    x = _mm_srli_si128(x, 4);
    to += 4;
  }
  if ((n & 2) != 0) {
    _mm_storeu_si16(to, x);
    x = _mm_srli_si128(x, 2);
    to += 2;
  }
  if ((n & 1) != 0) *to = static_cast<char>(_mm_cvtsi128_si32(x));
}

PLUMB_INLINE Vec LoadBF16(const uint16_t* p, int n) {
  const __m256i half = n == 16 ? _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))
                               : _mm256_maskz_loadu_epi16(LaneMask(n), p);
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16))};
}
PLUMB_INLINE void StoreBF16(uint16_t* p, Vec a, int n) {
  const __m512i x = _mm512_castps_si512(a.v);
  const __m512i high = _mm512_srli_epi32(x, 16);
  const __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
  const __m512i even = _mm512_add_epi32(_mm512_add_epi32(x, _mm512_set1_epi32(0x7fff)), odd);
  const __mmask16 nan = _mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q);
  const __m512i words =
      _mm512_mask_or_epi32(_mm512_srli_epi32(even, 16), nan, high, _mm512_set1_epi32(0x40));
  const __m256i halves = _mm512_cvtepi32_epi16(words);
  if (n == 16) return _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), halves);
  __m128i tail = _mm256_castsi256_si128(halves);
  if (n >= 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), tail);
    tail = _mm256_extracti128_si256(halves, 1);
  }
  StoreTail(p + (n & 8), tail, (n & 7) * 2);
}
PLUMB_INLINE Vec LoadI8(const int8_t* p, int n) {
  const __m128i bytes = _mm_maskz_loadu_epi8(LaneMask(n), p);
  return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes))};
}
PLUMB_INLINE Vec LoadU8(const uint8_t* p, int n) {
  const __m128i bytes = _mm_maskz_loadu_epi8(LaneMask(n), p);
  return {_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))};
}
PLUMB_INLINE void StoreI8(int8_t* p, IVec a, int n) {
  const __m128i bytes = _mm512_cvtepi32_epi8(a.v);
  if (n == 16) return _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
  StoreTail(p, bytes, n);
}
PLUMB_INLINE void StoreU8(uint8_t* p, IVec a, int n) {
  const __m128i bytes = _mm512_cvtepi32_epi8(a.v);
  if (n == 16) return _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
  StoreTail(p, bytes, n);
}
PLUMB_INLINE void CopyBytes(char* to, const char* from, int64_t bytes, int64_t room) {
  if (bytes >= 64) {
    const auto copy = [&](int64_t at) {
      _mm512_storeu_si512(to + at, _mm512_loadu_si512(from + at));
    };
    for (int64_t i = 0; i + 64 <= bytes; i += 64) copy(i);
    if (bytes % 64 != 0) copy(bytes - 64);
    return;
  }
  const __mmask64 lanes = (__mmask64{1} << bytes) - 1;
  if (bytes <= 32 && room >= 32) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                        _mm256_maskz_loadu_epi8(static_cast<__mmask32>(lanes), from));
  } else if (room >= 64) {
    _mm512_storeu_si512(to, _mm512_maskz_loadu_epi8(lanes, from));
  } else {
    memcpy(to, from, static_cast<size_t>(bytes));
  }
}
PLUMB_INLINE IVec LoadInt(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
PLUMB_INLINE void StoreInt(int32_t* p, IVec a, int n) {
  _mm512_mask_storeu_epi32(p, LaneMask(n), a.v);
}

}  // namespace
}  // namespace plumb::kernels
