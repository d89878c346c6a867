// Vectors of one fp32 lane: the interface of vec_avx2.h and vec_avx512.h for any machine. A source
// of one instruction set includes exactly one of the three, then the bodies written against it.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#define PLUMB_INLINE inline __attribute__((always_inline))

namespace plumb::kernels {
namespace {

struct Vec {
  static constexpr int kLanes = 1;
  float v;
};
struct IVec {
  int32_t v;
};
struct Mask {
  bool v;
};

PLUMB_INLINE Vec Load(const float* p) { return {*p}; }
PLUMB_INLINE Vec LoadPartial(const float* p, int n) { return {n > 0 ? *p : 0.0f}; }
PLUMB_INLINE void Store(float* p, Vec a) { *p = a.v; }
PLUMB_INLINE void StorePartial(float* p, Vec a, int n) {
  if (n > 0) *p = a.v;
}
PLUMB_INLINE Vec Broadcast(float x) { return {x}; }

PLUMB_INLINE Vec operator+(Vec a, Vec b) { return {a.v + b.v}; }
PLUMB_INLINE Vec operator-(Vec a, Vec b) { return {a.v - b.v}; }
PLUMB_INLINE Vec operator*(Vec a, Vec b) { return {a.v * b.v}; }
PLUMB_INLINE Vec operator/(Vec a, Vec b) { return {a.v / b.v}; }
PLUMB_INLINE Vec Fma(Vec a, Vec b, Vec c) { return {a.v * b.v + c.v}; }
// b where either is NaN, as the x86 instructions do.
PLUMB_INLINE Vec Min(Vec a, Vec b) { return {a.v < b.v ? a.v : b.v}; }
PLUMB_INLINE Vec Max(Vec a, Vec b) { return {a.v > b.v ? a.v : b.v}; }
PLUMB_INLINE Vec Sqrt(Vec a) { return {sqrtf(a.v)}; }
// 1 / sqrt(a) to at least 11 bits, for normal positive numbers.
PLUMB_INLINE Vec RsqrtEstimate(Vec a) { return {1.0f / sqrtf(a.v)}; }
PLUMB_INLINE Vec Abs(Vec a) { return {fabsf(a.v)}; }
PLUMB_INLINE Vec Neg(Vec a) { return {-a.v}; }
PLUMB_INLINE Vec Floor(Vec a) { return {floorf(a.v)}; }
PLUMB_INLINE Vec Ceil(Vec a) { return {ceilf(a.v)}; }
PLUMB_INLINE Vec RoundEven(Vec a) { return {nearbyintf(a.v)}; }
PLUMB_INLINE Vec CopySign(Vec magnitude, Vec sign) { return {copysignf(magnitude.v, sign.v)}; }

PLUMB_INLINE Mask Less(Vec a, Vec b) { return {a.v < b.v}; }
PLUMB_INLINE Mask LessEqual(Vec a, Vec b) { return {a.v <= b.v}; }
PLUMB_INLINE Mask Equal(Vec a, Vec b) { return {a.v == b.v}; }
PLUMB_INLINE Mask IsNan(Vec a) { return {a.v != a.v}; }
PLUMB_INLINE Mask And(Mask a, Mask b) { return {a.v && b.v}; }
PLUMB_INLINE Mask Or(Mask a, Mask b) { return {a.v || b.v}; }
PLUMB_INLINE Mask Not(Mask a) { return {!a.v}; }
PLUMB_INLINE bool Any(Mask a) { return a.v; }
PLUMB_INLINE Vec Select(Mask m, Vec yes, Vec no) { return m.v ? yes : no; }
PLUMB_INLINE Mask LoadBool(const uint8_t* p) { return {*p != 0}; }
PLUMB_INLINE void StoreBool(uint8_t* p, Mask m) { *p = m.v; }

// Lanes must be within int32 (NaN gives an unspecified number).
PLUMB_INLINE IVec ToInt(Vec a) {
  float r = nearbyintf(a.v);
  return {r >= -2147483648.0f && r < 2147483648.0f ? static_cast<int32_t>(r) : INT32_MIN};
}
PLUMB_INLINE Vec ToFloat(IVec a) { return {static_cast<float>(a.v)}; }
PLUMB_INLINE IVec Bits(Vec a) {
  IVec r;
  memcpy(&r.v, &a.v, 4);
  return r;
}
PLUMB_INLINE Vec FromBits(IVec a) {
  Vec r;
  memcpy(&r.v, &a.v, 4);
  return r;
}
PLUMB_INLINE IVec BroadcastInt(int32_t x) { return {x}; }
PLUMB_INLINE IVec AddInt(IVec a, IVec b) {
  return {static_cast<int32_t>(static_cast<uint32_t>(a.v) + static_cast<uint32_t>(b.v))};
}
PLUMB_INLINE IVec SubInt(IVec a, IVec b) {
  return {static_cast<int32_t>(static_cast<uint32_t>(a.v) - static_cast<uint32_t>(b.v))};
}
PLUMB_INLINE IVec AndInt(IVec a, IVec b) { return {a.v & b.v}; }
template <int kBits>
PLUMB_INLINE IVec ShiftLeft(IVec a) {
  return {static_cast<int32_t>(static_cast<uint32_t>(a.v) << kBits)};
}
template <int kBits>
PLUMB_INLINE IVec ShiftRight(IVec a) {  // keeps the sign
  return {a.v >> kBits};
}

PLUMB_INLINE float ReduceSum(Vec a) { return a.v; }
PLUMB_INLINE float ReduceMax(Vec a) { return a.v; }
PLUMB_INLINE float ReduceMin(Vec a) { return a.v; }
PLUMB_INLINE Vec LoadBytes(const uint8_t* p) { return {static_cast<float>(*p)}; }

// Scales by 2^n for n in [-300, 300] in two steps, so that denormal results round once more at
// most.
PLUMB_INLINE Vec ScaleByPower(Vec a, Vec n) {
  IVec half = ShiftRight<1>(ToInt(n));
  IVec rest = SubInt(ToInt(n), half);
  IVec bias = BroadcastInt(127);
  return a * FromBits(ShiftLeft<23>(AddInt(half, bias))) *
         FromBits(ShiftLeft<23>(AddInt(rest, bias)));
}

}  // namespace
}  // namespace plumb::kernels
