// See narrow_scalar.h. Tails go through a buffer.
#pragma once

#include "kernels/simd/vec_avx2.h"

namespace plumb::kernels {
namespace {

// Copies n < 8 elements.
template <typename T>
PLUMB_INLINE void CopyTail(T* to, const T* from, int n) {
  for (int i = 0; i < n; ++i) to[i] = from[i];
}

PLUMB_INLINE Vec LoadBF16(const uint16_t* p, int n) {
  uint16_t tail[8] = {};
  if (n < 8) {
    CopyTail(tail, p, n);
    p = tail;
  }
  const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16))};
}
PLUMB_INLINE void StoreBF16(uint16_t* p, Vec a, int n) {
  const __m256i x = _mm256_castps_si256(a.v);
  const __m256i high = _mm256_srli_epi32(x, 16);
  const __m256i odd = _mm256_and_si256(high, _mm256_set1_epi32(1));
  const __m256i even = _mm256_add_epi32(_mm256_add_epi32(x, _mm256_set1_epi32(0x7fff)), odd);
  const __m256i rounded = _mm256_srli_epi32(even, 16);
  const __m256i quiet = _mm256_or_si256(high, _mm256_set1_epi32(0x40));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(a.v, a.v, _CMP_UNORD_Q));
  const __m256i words = _mm256_blendv_epi8(rounded, quiet, nan);
  const __m128i result =
      _mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  if (n == 8) return _mm_storeu_si128(reinterpret_cast<__m128i*>(p), result);
  uint16_t tail[8];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(tail), result);
  CopyTail(p, tail, n);
}
PLUMB_INLINE Vec LoadI8(const int8_t* p, int n) {
  int8_t tail[8] = {};
  if (n < 8) {
    CopyTail(tail, p, n);
    p = tail;
  }
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes))};
}
PLUMB_INLINE Vec LoadU8(const uint8_t* p, int n) {
  uint8_t tail[8] = {};
  if (n < 8) {
    CopyTail(tail, p, n);
    p = tail;
  }
  return LoadBytes(p);
}
PLUMB_INLINE void StoreI8(int8_t* p, IVec a, int n) {
  const __m128i words =
      _mm_packs_epi32(_mm256_castsi256_si128(a.v), _mm256_extracti128_si256(a.v, 1));
  const __m128i bytes = _mm_packs_epi16(words, words);
  if (n == 8) return _mm_storel_epi64(reinterpret_cast<__m128i*>(p), bytes);
  int8_t tail[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(tail), bytes);
  CopyTail(p, tail, n);
}
PLUMB_INLINE void StoreU8(uint8_t* p, IVec a, int n) {
  const __m128i words =
      _mm_packs_epi32(_mm256_castsi256_si128(a.v), _mm256_extracti128_si256(a.v, 1));
  const __m128i bytes = _mm_packus_epi16(words, words);
  if (n == 8) return _mm_storel_epi64(reinterpret_cast<__m128i*>(p), bytes);
  uint8_t tail[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(tail), bytes);
  CopyTail(p, tail, n);
}
PLUMB_INLINE void CopyBytes(char* to, const char* from, int64_t bytes, int64_t) {
  if (bytes < 32) {
    memcpy(to, from, static_cast<size_t>(bytes));
    return;
  }
  const auto copy = [&](int64_t at) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + at),
                        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + at)));
  };
  for (int64_t i = 0; i + 32 <= bytes; i += 32) copy(i);
  if (bytes % 32 != 0) copy(bytes - 32);
}
PLUMB_INLINE IVec LoadInt(const int32_t* p) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))};
}
PLUMB_INLINE void StoreInt(int32_t* p, IVec a, int n) {
  _mm256_maskstore_epi32(p, LaneMask(n), a.v);
}

}  // namespace
}  // namespace plumb::kernels
