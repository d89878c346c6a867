// Frequent conversions from and to fp32 for AVX2 and wider; loops without intrinsics are
// vectorised by the compiler. Results equal those of elt_cast.cc bit for bit.
#pragma once

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "kernels/eltwise/elt_kernels.h"

namespace plumb::kernels {
namespace {

template <typename From>
void ToF32(const EltArgs& args) {
  const From* a = static_cast<const From*>(args.a);
  float* dst = static_cast<float*>(args.dst);
  for (int64_t i = 0; i < args.n; ++i) dst[i] = static_cast<float>(a[i]);
}

void BoolToF32(const EltArgs& args) {
  const uint8_t* a = static_cast<const uint8_t*>(args.a);
  float* dst = static_cast<float*>(args.dst);
  for (int64_t i = 0; i < args.n; ++i) dst[i] = a[i] != 0 ? 1.0f : 0.0f;
}

// Bounds that are exact in fp32; NaN gives 0.
template <typename To, int kLow, int kHigh>
void F32ToSmall(const EltArgs& args) {
  const float* a = static_cast<const float*>(args.a);
  To* dst = static_cast<To*>(args.dst);
  for (int64_t i = 0; i < args.n; ++i) {
    float x = a[i] == a[i] ? a[i] : 0.0f;
    x = x > static_cast<float>(kLow) ? x : static_cast<float>(kLow);
    x = x < static_cast<float>(kHigh) ? x : static_cast<float>(kHigh);
    dst[i] = static_cast<To>(static_cast<int32_t>(x));
  }
}

void F32ToI32(const EltArgs& args) {
  const float* a = static_cast<const float*>(args.a);
  int32_t* dst = static_cast<int32_t*>(args.dst);
  for (int64_t i = 0; i < args.n; ++i) {
    float x = a[i] == a[i] ? a[i] : 0.0f;
    bool above = x >= 2147483648.0f;
    x = x > -2147483648.0f ? x : -2147483648.0f;
    x = above ? 0.0f : x;
    int32_t r = static_cast<int32_t>(x);
    dst[i] = above ? INT32_MAX : r;
  }
}

void F16ToF32(const EltArgs& args) {
  const uint16_t* a = static_cast<const uint16_t*>(args.a);
  float* dst = static_cast<float*>(args.dst);
  int64_t i = 0;
  for (; i + 8 <= args.n; i += 8) {
    __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(a + i));
    _mm256_storeu_ps(dst + i, _mm256_cvtph_ps(x));
  }
  for (; i < args.n; ++i) dst[i] = _cvtsh_ss(a[i]);
}

void F32ToF16(const EltArgs& args) {
  const float* a = static_cast<const float*>(args.a);
  uint16_t* dst = static_cast<uint16_t*>(args.dst);
  int64_t i = 0;
  for (; i + 8 <= args.n; i += 8) {
    __m128i h = _mm256_cvtps_ph(_mm256_loadu_ps(a + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + i), h);
  }
  for (; i < args.n; ++i) {
    dst[i] = static_cast<uint16_t>(_cvtss_sh(a[i], _MM_FROUND_TO_NEAREST_INT));
  }
}

void BF16ToF32(const EltArgs& args) {
  const uint16_t* a = static_cast<const uint16_t*>(args.a);
  uint32_t* dst = static_cast<uint32_t*>(args.dst);
  for (int64_t i = 0; i < args.n; ++i) dst[i] = static_cast<uint32_t>(a[i]) << 16;
}

// Round half to even; a NaN keeps its sign and payload and becomes quiet.
void F32ToBF16(const EltArgs& args) {
  const uint32_t* a = static_cast<const uint32_t*>(args.a);
  uint16_t* dst = static_cast<uint16_t*>(args.dst);
  for (int64_t i = 0; i < args.n; ++i) {
    uint32_t x = a[i];
    uint32_t rounded = (x + 0x7fff + ((x >> 16) & 1)) >> 16;
    uint32_t quiet = (x >> 16) | 0x40;
    dst[i] = static_cast<uint16_t>((x & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
  }
}

EltFn FindCastF32(EltType from, EltType to) {
  if (to == EltType::kF32) {
    switch (from) {
      case EltType::kF64: return ToF32<double>;
      case EltType::kF16: return F16ToF32;
      case EltType::kBF16: return BF16ToF32;
      case EltType::kI8: return ToF32<int8_t>;
      case EltType::kU8: return ToF32<uint8_t>;
      case EltType::kI32: return ToF32<int32_t>;
      case EltType::kI64: return ToF32<int64_t>;
      case EltType::kBool: return BoolToF32;
      default: return nullptr;
    }
  }
  if (from != EltType::kF32) return nullptr;
  switch (to) {
    case EltType::kF16: return F32ToF16;
    case EltType::kBF16: return F32ToBF16;
    case EltType::kI8: return F32ToSmall<int8_t, -128, 127>;
    case EltType::kU8: return F32ToSmall<uint8_t, 0, 255>;
    case EltType::kI32: return F32ToI32;
    default: return nullptr;
  }
}

}  // namespace
}  // namespace plumb::kernels
