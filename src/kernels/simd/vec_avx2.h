// Vectors of eight fp32 lanes; see vec_scalar.h for what the functions mean.
#pragma once

#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define PLUMB_INLINE inline __attribute__((always_inline))

namespace plumb::kernels {
namespace {

struct Vec {
  static constexpr int kLanes = 8;
  __m256 v;
};
struct IVec {
  __m256i v;
};
struct Mask {
  __m256 v;
};

// First n lanes set, n in [0, 8].
PLUMB_INLINE __m256i LaneMask(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

PLUMB_INLINE Vec Load(const float* p) { return {_mm256_loadu_ps(p)}; }
PLUMB_INLINE Vec LoadPartial(const float* p, int n) { return {_mm256_maskload_ps(p, LaneMask(n))}; }
PLUMB_INLINE void Store(float* p, Vec a) { _mm256_storeu_ps(p, a.v); }
PLUMB_INLINE void StorePartial(float* p, Vec a, int n) { _mm256_maskstore_ps(p, LaneMask(n), a.v); }
PLUMB_INLINE Vec Broadcast(float x) { return {_mm256_set1_ps(x)}; }

PLUMB_INLINE Vec operator+(Vec a, Vec b) { return {_mm256_add_ps(a.v, b.v)}; }
PLUMB_INLINE Vec operator-(Vec a, Vec b) { return {_mm256_sub_ps(a.v, b.v)}; }
PLUMB_INLINE Vec operator*(Vec a, Vec b) { return {_mm256_mul_ps(a.v, b.v)}; }
PLUMB_INLINE Vec operator/(Vec a, Vec b) { return {_mm256_div_ps(a.v, b.v)}; }
PLUMB_INLINE Vec Fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
PLUMB_INLINE Vec Min(Vec a, Vec b) { return {_mm256_min_ps(a.v, b.v)}; }
PLUMB_INLINE Vec Max(Vec a, Vec b) { return {_mm256_max_ps(a.v, b.v)}; }
PLUMB_INLINE Vec Sqrt(Vec a) { return {_mm256_sqrt_ps(a.v)}; }
PLUMB_INLINE Vec RsqrtEstimate(Vec a) { return {_mm256_rsqrt_ps(a.v)}; }
PLUMB_INLINE Vec Abs(Vec a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)}; }
PLUMB_INLINE Vec Neg(Vec a) { return {_mm256_xor_ps(_mm256_set1_ps(-0.0f), a.v)}; }
PLUMB_INLINE Vec Floor(Vec a) { return {_mm256_floor_ps(a.v)}; }
PLUMB_INLINE Vec Ceil(Vec a) { return {_mm256_ceil_ps(a.v)}; }
PLUMB_INLINE Vec RoundEven(Vec a) {
  return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
PLUMB_INLINE Vec CopySign(Vec magnitude, Vec sign) {
  __m256 bit = _mm256_set1_ps(-0.0f);
  return {_mm256_or_ps(_mm256_andnot_ps(bit, magnitude.v), _mm256_and_ps(bit, sign.v))};
}

PLUMB_INLINE Mask Less(Vec a, Vec b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)}; }
PLUMB_INLINE Mask LessEqual(Vec a, Vec b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LE_OQ)}; }
PLUMB_INLINE Mask Equal(Vec a, Vec b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_EQ_OQ)}; }
PLUMB_INLINE Mask IsNan(Vec a) { return {_mm256_cmp_ps(a.v, a.v, _CMP_UNORD_Q)}; }
PLUMB_INLINE Mask And(Mask a, Mask b) { return {_mm256_and_ps(a.v, b.v)}; }
PLUMB_INLINE Mask Or(Mask a, Mask b) { return {_mm256_or_ps(a.v, b.v)}; }
PLUMB_INLINE Mask Not(Mask a) {
  return {_mm256_xor_ps(a.v, _mm256_castsi256_ps(_mm256_set1_epi32(-1)))};
}
PLUMB_INLINE bool Any(Mask a) { return _mm256_movemask_ps(a.v) != 0; }
PLUMB_INLINE Vec Select(Mask m, Vec yes, Vec no) { return {_mm256_blendv_ps(no.v, yes.v, m.v)}; }
PLUMB_INLINE Mask LoadBool(const uint8_t* p) {
  __m256i x = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  return {_mm256_castsi256_ps(_mm256_cmpgt_epi32(x, _mm256_setzero_si256()))};
}
PLUMB_INLINE void StoreBool(uint8_t* p, Mask m) {
  __m256i bits = _mm256_srli_epi32(_mm256_castps_si256(m.v), 31);
  __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(words, words));
}

PLUMB_INLINE IVec ToInt(Vec a) { return {_mm256_cvtps_epi32(a.v)}; }
PLUMB_INLINE Vec ToFloat(IVec a) { return {_mm256_cvtepi32_ps(a.v)}; }
PLUMB_INLINE IVec Bits(Vec a) { return {_mm256_castps_si256(a.v)}; }
PLUMB_INLINE Vec FromBits(IVec a) { return {_mm256_castsi256_ps(a.v)}; }
PLUMB_INLINE IVec BroadcastInt(int32_t x) { return {_mm256_set1_epi32(x)}; }
PLUMB_INLINE IVec AddInt(IVec a, IVec b) { return {_mm256_add_epi32(a.v, b.v)}; }
PLUMB_INLINE IVec SubInt(IVec a, IVec b) { return {_mm256_sub_epi32(a.v, b.v)}; }
PLUMB_INLINE IVec AndInt(IVec a, IVec b) { return {_mm256_and_si256(a.v, b.v)}; }
template <int kBits>
PLUMB_INLINE IVec ShiftLeft(IVec a) {
  return {_mm256_slli_epi32(a.v, kBits)};
}
template <int kBits>
PLUMB_INLINE IVec ShiftRight(IVec a) {
  return {_mm256_srai_epi32(a.v, kBits)};
}

PLUMB_INLINE float ReduceSum(Vec a) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
PLUMB_INLINE float ReduceMax(Vec a) {
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}
PLUMB_INLINE float ReduceMin(Vec a) {
  __m128 x = _mm_min_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  x = _mm_min_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_min_ss(x, _mm_movehdup_ps(x)));
}
PLUMB_INLINE Vec LoadBytes(const uint8_t* p) {
  __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return {_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes))};
}

PLUMB_INLINE Vec ScaleByPower(Vec a, Vec n) {
  IVec power = ToInt(n);
  IVec half = ShiftRight<1>(power);
  IVec rest = SubInt(power, half);
  IVec bias = BroadcastInt(127);
  return a * FromBits(ShiftLeft<23>(AddInt(half, bias))) *
         FromBits(ShiftLeft<23>(AddInt(rest, bias)));
}

}  // namespace
}  // namespace plumb::kernels
