// Tile functions as plain loops over one type, which the compiler vectorises for the instruction
// set of the source that includes this.
#pragma once

#include <math.h>
#include <stdint.h>

#include "kernels/eltwise/elt_kernels.h"

namespace plumb::kernels {
namespace {

template <typename T, typename R, auto kApply>
void Loop1(const EltArgs& args) {
  const T* a = static_cast<const T*>(args.a);
  R* dst = static_cast<R*>(args.dst);
  for (int64_t i = 0; i < args.n; ++i) dst[i] = kApply(a[i]);
}

template <typename T, typename R, auto kApply>
void Loop2(const EltArgs& args) {
  const T* a = static_cast<const T*>(args.a);
  const T* b = static_cast<const T*>(args.b);
  R* dst = static_cast<R*>(args.dst);
  for (int64_t i = 0; i < args.n; ++i) dst[i] = kApply(a[i], b[i]);
}

template <typename T>
void Where(const EltArgs& args) {
  const uint8_t* a = static_cast<const uint8_t*>(args.a);
  const T* b = static_cast<const T*>(args.b);
  const T* c = static_cast<const T*>(args.c);
  T* dst = static_cast<T*>(args.dst);
  for (int64_t i = 0; i < args.n; ++i) dst[i] = a[i] ? b[i] : c[i];
}

// A bound beyond the range of T is the end of the range; the upper bound wins.
template <typename T>
inline T Bound(double bound) {
  if constexpr (static_cast<T>(0.5) != static_cast<T>(0)) {
    return static_cast<T>(bound);
  } else {
    // 2^(bits of the value), exact in double.
    constexpr bool kSigned = static_cast<T>(-1) < static_cast<T>(0);
    constexpr double kEnd =
        static_cast<double>(uint64_t{1} << (8 * sizeof(T) - 1)) * (kSigned ? 1.0 : 2.0);
    constexpr T kHighest =
        kSigned ? static_cast<T>((uint64_t{1} << (8 * sizeof(T) - 1)) - 1) : static_cast<T>(-1);
    constexpr T kLowest =
        kSigned ? static_cast<T>(uint64_t{1} << (8 * sizeof(T) - 1)) : static_cast<T>(0);
    if (bound >= kEnd) return kHighest;
    return bound <= (kSigned ? -kEnd : 0.0) ? kLowest : static_cast<T>(bound);
  }
}

template <typename T>
void Clip(const EltArgs& args) {
  const T* a = static_cast<const T*>(args.a);
  T* dst = static_cast<T*>(args.dst);
  const T low = Bound<T>(args.alpha), high = Bound<T>(args.beta);
  for (int64_t i = 0; i < args.n; ++i) {
    const T x = a[i] < low ? low : a[i];
    dst[i] = x > high ? high : x;
  }
}

template <typename T>
EltFn FindCompare(EltOp op) {
  using B = uint8_t;
  switch (op) {
    case EltOp::kEqual: return Loop2<T, B, [](T a, T b) -> B { return a == b; }>;
    case EltOp::kLess: return Loop2<T, B, [](T a, T b) -> B { return a < b; }>;
    case EltOp::kLessOrEqual: return Loop2<T, B, [](T a, T b) -> B { return a <= b; }>;
    case EltOp::kGreater: return Loop2<T, B, [](T a, T b) -> B { return (a > b); }>;
    case EltOp::kGreaterOrEqual: return Loop2<T, B, [](T a, T b) -> B { return a >= b; }>;
    case EltOp::kWhere: return Where<T>;
    default: return nullptr;
  }
}

template <typename T>
constexpr bool kSignedType = static_cast<T>(-1) < static_cast<T>(0);

// Division that rounds to zero; by zero it gives 0, and the most negative number over -1 wraps.
template <typename T, typename U>
inline T Divide(T a, T b) {
  if (b == 0) return 0;
  if (kSignedType<T> && b == static_cast<T>(-1)) return static_cast<T>(U{0} - static_cast<U>(a));
  return static_cast<T>(a / b);
}
template <typename T>
inline T Remainder(T a, T b) {
  if (b == 0 || (kSignedType<T> && b == static_cast<T>(-1))) return 0;
  return static_cast<T>(a % b);
}
template <typename T>
inline T FloorModulo(T a, T b) {
  T r = Remainder(a, b);
  return r != 0 && ((r < 0) != (b < 0)) ? static_cast<T>(r + b) : r;
}

// a^b by squaring, wrapping; a negative exponent gives the truncated reciprocal.
template <typename T, typename U>
inline T Power(T a, T b) {
  if (b < 0) {
    if (a == 1) return 1;
    if (kSignedType<T> && a == static_cast<T>(-1)) return (b & 1) ? a : static_cast<T>(1);
    return 0;
  }
  uint64_t result = 1, base = static_cast<U>(a);
  for (uint64_t e = static_cast<uint64_t>(b); e != 0; e >>= 1) {
    if (e & 1) result *= base;
    base *= base;
  }
  return static_cast<T>(result);
}

// Shifts by the width or more give 0.
template <typename T, typename U>
inline T Shift(T a, T b, bool left) {
  uint64_t count = static_cast<U>(b);
  if (count >= 8 * sizeof(T)) return 0;
  uint64_t bits = static_cast<U>(a);
  return static_cast<T>(static_cast<U>(left ? bits << count : bits >> count));
}

template <typename T, typename U>
EltFn FindIntegerBits(EltOp op) {
  switch (op) {
    case EltOp::kBitAnd: return Loop2<T, T, [](T a, T b) -> T { return a & b; }>;
    case EltOp::kBitOr: return Loop2<T, T, [](T a, T b) -> T { return a | b; }>;
    case EltOp::kBitXor: return Loop2<T, T, [](T a, T b) -> T { return a ^ b; }>;
    case EltOp::kBitwiseNot: return Loop1<T, T, [](T a) -> T { return static_cast<T>(~a); }>;
    case EltOp::kShiftLeft:
      return Loop2<T, T, [](T a, T b) -> T { return Shift<T, U>(a, b, true); }>;
    case EltOp::kShiftRight:
      return Loop2<T, T, [](T a, T b) -> T { return Shift<T, U>(a, b, false); }>;
    default: return nullptr;
  }
}

// Arithmetic goes through 64 unsigned bits, where wrapping is defined.
template <typename T, typename U>
EltFn FindInteger(EltOp op) {
  switch (op) {
    case EltOp::kAbs:
      return Loop1<T, T, [](T a) -> T { return a < 0 ? static_cast<T>(U{0} - U(a)) : a; }>;
    case EltOp::kNeg: return Loop1<T, T, [](T a) -> T { return static_cast<T>(U{0} - U(a)); }>;
    case EltOp::kSign:
      return Loop1<T, T, [](T a) -> T { return static_cast<T>((a > 0) - (a < 0)); }>;
    case EltOp::kRelu: return Loop1<T, T, [](T a) -> T { return (a > 0) ? a : T{0}; }>;
    case EltOp::kAdd: return Loop2<T, T, [](T a, T b) -> T { return U(U(a) + U(b)); }>;
    case EltOp::kSub: return Loop2<T, T, [](T a, T b) -> T { return U(U(a) - U(b)); }>;
    case EltOp::kMul:
      return Loop2<T, T, [](T a, T b) -> T { return static_cast<T>(uint64_t{U(a)} * U(b)); }>;
    case EltOp::kDiv: return Loop2<T, T, [](T a, T b) -> T { return Divide<T, U>(a, b); }>;
    case EltOp::kMin: return Loop2<T, T, [](T a, T b) -> T { return b < a ? b : a; }>;
    case EltOp::kMax: return Loop2<T, T, [](T a, T b) -> T { return a < b ? b : a; }>;
    case EltOp::kMod: return Loop2<T, T, [](T a, T b) -> T { return FloorModulo<T>(a, b); }>;
    case EltOp::kFmod: return Loop2<T, T, [](T a, T b) -> T { return Remainder<T>(a, b); }>;
    case EltOp::kPow: return Loop2<T, T, [](T a, T b) -> T { return Power<T, U>(a, b); }>;
    case EltOp::kPrelu:
      return Loop2<T, T,
                   [](T a, T b) -> T { return a < 0 ? static_cast<T>(uint64_t{U(a)} * U(b)) : a; }>;
    case EltOp::kClip: return Clip<T>;
    default: break;
  }
  if (EltFn fn = FindIntegerBits<T, U>(op)) return fn;
  return FindCompare<T>(op);
}

template <typename T>
EltFn FindFloat(EltOp op) {
  switch (op) {
    case EltOp::kAbs: return Loop1<T, T, [](T a) -> T { return a < 0 ? -a : a + T{0}; }>;
    case EltOp::kNeg: return Loop1<T, T, [](T a) -> T { return -a; }>;
    case EltOp::kSign:
      return Loop1<T, T, [](T a) -> T { return (a > 0) ? T{1} : (a < 0) ? T{-1} : a; }>;
    case EltOp::kReciprocal: return Loop1<T, T, [](T a) -> T { return T{1} / a; }>;
    case EltOp::kRelu: return Loop1<T, T, [](T a) -> T { return a < 0 ? T{0} : a; }>;
    case EltOp::kAdd: return Loop2<T, T, [](T a, T b) -> T { return a + b; }>;
    case EltOp::kSub: return Loop2<T, T, [](T a, T b) -> T { return a - b; }>;
    case EltOp::kMul: return Loop2<T, T, [](T a, T b) -> T { return a * b; }>;
    case EltOp::kDiv: return Loop2<T, T, [](T a, T b) -> T { return a / b; }>;
    case EltOp::kMin: return Loop2<T, T, [](T a, T b) -> T { return b < a || b != b ? b : a; }>;
    case EltOp::kMax: return Loop2<T, T, [](T a, T b) -> T { return a < b || b != b ? b : a; }>;
    case EltOp::kPrelu: return Loop2<T, T, [](T a, T b) -> T { return a < 0 ? a * b : a; }>;
    case EltOp::kClip: return Clip<T>;
    case EltOp::kCube: return Loop1<T, T, [](T a) -> T { return a * a * a; }>;
    default: return FindCompare<T>(op);
  }
}

EltFn FindBool(EltOp op) {
  using B = uint8_t;
  switch (op) {
    case EltOp::kNot: return Loop1<B, B, [](B a) -> B { return a == 0; }>;
    case EltOp::kAnd: return Loop2<B, B, [](B a, B b) -> B { return (a != 0) & (b != 0); }>;
    case EltOp::kOr: return Loop2<B, B, [](B a, B b) -> B { return (a != 0) | (b != 0); }>;
    case EltOp::kXor: return Loop2<B, B, [](B a, B b) -> B { return (a != 0) ^ (b != 0); }>;
    case EltOp::kEqual: return Loop2<B, B, [](B a, B b) -> B { return (a != 0) == (b != 0); }>;
    case EltOp::kWhere: return Where<B>;
    default: return nullptr;
  }
}

}  // namespace
}  // namespace plumb::kernels
