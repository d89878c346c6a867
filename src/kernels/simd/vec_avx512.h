// Vectors of sixteen fp32 lanes; see vec_scalar.h for what the functions mean.
#pragma once

#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

// g++ 12 takes the deliberately undefined pass-through operand of its own intrinsics for a mistake
// (GCC bug 105593); the warning is off for the rest of the source that includes this.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#define PLUMB_INLINE inline __attribute__((always_inline))

namespace plumb::kernels {
namespace {

struct Vec {
  static constexpr int kLanes = 16;
  __m512 v;
};
struct IVec {
  __m512i v;
};
struct Mask {
  __mmask16 v;
};

// First n lanes set, n in [0, 16].
PLUMB_INLINE __mmask16 LaneMask(int n) { return static_cast<__mmask16>((1u << n) - 1); }

PLUMB_INLINE Vec Load(const float* p) { return {_mm512_loadu_ps(p)}; }
PLUMB_INLINE Vec LoadPartial(const float* p, int n) {
  return {_mm512_maskz_loadu_ps(LaneMask(n), p)};
}
PLUMB_INLINE void Store(float* p, Vec a) { _mm512_storeu_ps(p, a.v); }
PLUMB_INLINE void StorePartial(float* p, Vec a, int n) {
  _mm512_mask_storeu_ps(p, LaneMask(n), a.v);
}
PLUMB_INLINE Vec Broadcast(float x) { return {_mm512_set1_ps(x)}; }

PLUMB_INLINE Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
PLUMB_INLINE Vec operator-(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
PLUMB_INLINE Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
PLUMB_INLINE Vec operator/(Vec a, Vec b) { return {_mm512_div_ps(a.v, b.v)}; }
PLUMB_INLINE Vec Fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
PLUMB_INLINE Vec Min(Vec a, Vec b) { return {_mm512_min_ps(a.v, b.v)}; }
PLUMB_INLINE Vec Max(Vec a, Vec b) { return {_mm512_max_ps(a.v, b.v)}; }
PLUMB_INLINE Vec Sqrt(Vec a) { return {_mm512_sqrt_ps(a.v)}; }
PLUMB_INLINE Vec RsqrtEstimate(Vec a) { return {_mm512_rsqrt14_ps(a.v)}; }
PLUMB_INLINE Vec Abs(Vec a) { return {_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.v)}; }
PLUMB_INLINE Vec Neg(Vec a) { return {_mm512_xor_ps(_mm512_set1_ps(-0.0f), a.v)}; }
PLUMB_INLINE Vec Floor(Vec a) {
  return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)};
}
PLUMB_INLINE Vec Ceil(Vec a) {
  return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)};
}
PLUMB_INLINE Vec RoundEven(Vec a) {
  return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
PLUMB_INLINE Vec CopySign(Vec magnitude, Vec sign) {
  __m512 bit = _mm512_set1_ps(-0.0f);
  return {_mm512_or_ps(_mm512_andnot_ps(bit, magnitude.v), _mm512_and_ps(bit, sign.v))};
}

PLUMB_INLINE Mask Less(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
PLUMB_INLINE Mask LessEqual(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)}; }
PLUMB_INLINE Mask Equal(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)}; }
PLUMB_INLINE Mask IsNan(Vec a) { return {_mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q)}; }
PLUMB_INLINE Mask And(Mask a, Mask b) { return {static_cast<__mmask16>(a.v & b.v)}; }
PLUMB_INLINE Mask Or(Mask a, Mask b) { return {static_cast<__mmask16>(a.v | b.v)}; }
PLUMB_INLINE Mask Not(Mask a) { return {static_cast<__mmask16>(~a.v)}; }
PLUMB_INLINE bool Any(Mask a) { return a.v != 0; }
PLUMB_INLINE Vec Select(Mask m, Vec yes, Vec no) {
  return {_mm512_mask_blend_ps(m.v, no.v, yes.v)};
}
PLUMB_INLINE Mask LoadBool(const uint8_t* p) {
  __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm_test_epi8_mask(x, x)};
}
PLUMB_INLINE void StoreBool(uint8_t* p, Mask m) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm_maskz_set1_epi8(m.v, 1));
}

PLUMB_INLINE IVec ToInt(Vec a) { return {_mm512_cvtps_epi32(a.v)}; }
PLUMB_INLINE Vec ToFloat(IVec a) { return {_mm512_cvtepi32_ps(a.v)}; }
PLUMB_INLINE IVec Bits(Vec a) { return {_mm512_castps_si512(a.v)}; }
PLUMB_INLINE Vec FromBits(IVec a) { return {_mm512_castsi512_ps(a.v)}; }
PLUMB_INLINE IVec BroadcastInt(int32_t x) { return {_mm512_set1_epi32(x)}; }
PLUMB_INLINE IVec AddInt(IVec a, IVec b) { return {_mm512_add_epi32(a.v, b.v)}; }
PLUMB_INLINE IVec SubInt(IVec a, IVec b) { return {_mm512_sub_epi32(a.v, b.v)}; }
PLUMB_INLINE IVec AndInt(IVec a, IVec b) { return {_mm512_and_si512(a.v, b.v)}; }
template <int kBits>
PLUMB_INLINE IVec ShiftLeft(IVec a) {
  return {_mm512_slli_epi32(a.v, kBits)};
}
template <int kBits>
PLUMB_INLINE IVec ShiftRight(IVec a) {
  return {_mm512_srai_epi32(a.v, kBits)};
}

PLUMB_INLINE float ReduceSum(Vec a) {
  __m256 y = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
PLUMB_INLINE float ReduceMax(Vec a) { return _mm512_reduce_max_ps(a.v); }
PLUMB_INLINE float ReduceMin(Vec a) { return _mm512_reduce_min_ps(a.v); }
PLUMB_INLINE Vec LoadBytes(const uint8_t* p) {
  __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))};
}

PLUMB_INLINE Vec ScaleByPower(Vec a, Vec n) { return {_mm512_scalef_ps(a.v, n.v)}; }

}  // namespace
}  // namespace plumb::kernels
