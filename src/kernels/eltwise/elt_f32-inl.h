// Bodies of the fp32 tile functions, written against simd/vec_*.h.
#pragma once

#include "kernels/eltwise/elt_kernels.h"
#include "kernels/simd/math-inl.h"

namespace plumb::kernels {
namespace {

struct Scalars {
  Vec alpha, beta;
};
PLUMB_INLINE Scalars ScalarsOf(const EltArgs& args) {
  return {Broadcast(static_cast<float>(args.alpha)), Broadcast(static_cast<float>(args.beta))};
}

template <auto kApply>
void Unary(const EltArgs& args) {
  const float* a = static_cast<const float*>(args.a);
  float* dst = static_cast<float*>(args.dst);
  const Scalars s = ScalarsOf(args);
  int64_t i = 0;
  for (; i + Vec::kLanes <= args.n; i += Vec::kLanes) Store(dst + i, kApply(Load(a + i), s));
  if (i < args.n) {
    int rest = static_cast<int>(args.n - i);
    StorePartial(dst + i, kApply(LoadPartial(a + i, rest), s), rest);
  }
}

template <auto kApply>
void Binary(const EltArgs& args) {
  const float* a = static_cast<const float*>(args.a);
  const float* b = static_cast<const float*>(args.b);
  float* dst = static_cast<float*>(args.dst);
  int64_t i = 0;
  for (; i + Vec::kLanes <= args.n; i += Vec::kLanes) {
    Store(dst + i, kApply(Load(a + i), Load(b + i)));
  }
  if (i < args.n) {
    int rest = static_cast<int>(args.n - i);
    StorePartial(dst + i, kApply(LoadPartial(a + i, rest), LoadPartial(b + i, rest)), rest);
  }
}

// A result of one byte for each element; the tail goes through a small buffer.
template <auto kApply>
void Compare(const EltArgs& args) {
  const float* a = static_cast<const float*>(args.a);
  const float* b = static_cast<const float*>(args.b);
  uint8_t* dst = static_cast<uint8_t*>(args.dst);
  int64_t i = 0;
  for (; i + Vec::kLanes <= args.n; i += Vec::kLanes) {
    StoreBool(dst + i, kApply(Load(a + i), Load(b + i)));
  }
  if (i < args.n) {
    int rest = static_cast<int>(args.n - i);
    uint8_t tail[Vec::kLanes];
    StoreBool(tail, kApply(LoadPartial(a + i, rest), LoadPartial(b + i, rest)));
    for (int k = 0; k < rest; ++k) dst[i + k] = tail[k];
  }
}

template <auto kApply>
void Test(const EltArgs& args) {
  const float* a = static_cast<const float*>(args.a);
  uint8_t* dst = static_cast<uint8_t*>(args.dst);
  int64_t i = 0;
  for (; i + Vec::kLanes <= args.n; i += Vec::kLanes) StoreBool(dst + i, kApply(Load(a + i)));
  if (i < args.n) {
    int rest = static_cast<int>(args.n - i);
    uint8_t tail[Vec::kLanes];
    StoreBool(tail, kApply(LoadPartial(a + i, rest)));
    for (int k = 0; k < rest; ++k) dst[i + k] = tail[k];
  }
}

void WhereF32(const EltArgs& args) {
  const uint8_t* a = static_cast<const uint8_t*>(args.a);
  const float* b = static_cast<const float*>(args.b);
  const float* c = static_cast<const float*>(args.c);
  float* dst = static_cast<float*>(args.dst);
  int64_t i = 0;
  for (; i + Vec::kLanes <= args.n; i += Vec::kLanes) {
    Store(dst + i, Select(LoadBool(a + i), Load(b + i), Load(c + i)));
  }
  for (; i < args.n; ++i) dst[i] = a[i] ? b[i] : c[i];
}

PLUMB_INLINE Vec Zero() { return Broadcast(0.0f); }
PLUMB_INLINE Vec One() { return Broadcast(1.0f); }

// The functions around exp, tanh and erf.
EltFn FindSmooth(EltOp op) {
  using S = const Scalars&;
  switch (op) {
    case EltOp::kExp: return Unary<[](Vec x, S) { return Exp(x); }>;
    case EltOp::kLog: return Unary<[](Vec x, S) { return Log(x); }>;
    case EltOp::kTanh: return Unary<[](Vec x, S) { return Tanh(x); }>;
    case EltOp::kErf: return Unary<[](Vec x, S) { return Erf(x); }>;
    case EltOp::kSigmoid: return Unary<[](Vec x, S) { return Sigmoid(x); }>;
    case EltOp::kSoftplus: return Unary<[](Vec x, S) { return Softplus(x); }>;
    case EltOp::kSilu: return Unary<[](Vec x, S) { return x * Sigmoid(x); }>;
    case EltOp::kGelu: return Unary<[](Vec x, S) { return Gelu(x); }>;
    case EltOp::kGeluTanh: return Unary<[](Vec x, S) { return GeluTanh(x); }>;
    case EltOp::kMish: return Unary<[](Vec x, S) { return Mish(x); }>;
    case EltOp::kElu:
      return Unary<[](Vec x, S s) { return Select(Less(x, Zero()), s.alpha * Expm1(x), x); }>;
    case EltOp::kSelu:
      return Unary<[](Vec x, S s) {
        return s.beta * Select(Less(x, Zero()), s.alpha * Expm1(x), x);
      }>;
    case EltOp::kCelu:
      return Unary<[](Vec x, S s) {
        return Select(Less(x, Zero()), s.alpha * Expm1(x / s.alpha), x);
      }>;
    default: return nullptr;
  }
}

EltFn FindUnary(EltOp op) {
  using S = const Scalars&;
  switch (op) {
    case EltOp::kAbs: return Unary<[](Vec x, S) { return Abs(x); }>;
    case EltOp::kNeg: return Unary<[](Vec x, S) { return Neg(x); }>;
    case EltOp::kSign:
      return Unary<[](Vec x, S) {
        return Select(Less(Zero(), x), One(), Select(Less(x, Zero()), Neg(One()), x));
      }>;
    case EltOp::kSqrt: return Unary<[](Vec x, S) { return Sqrt(x); }>;
    case EltOp::kRsqrt: return Unary<[](Vec x, S) { return One() / Sqrt(x); }>;
    case EltOp::kReciprocal: return Unary<[](Vec x, S) { return One() / x; }>;
    case EltOp::kFloor: return Unary<[](Vec x, S) { return Floor(x); }>;
    case EltOp::kCeil: return Unary<[](Vec x, S) { return Ceil(x); }>;
    case EltOp::kRound: return Unary<[](Vec x, S) { return RoundEven(x); }>;
    case EltOp::kSoftsign: return Unary<[](Vec x, S) { return x / (One() + Abs(x)); }>;
    // Max and Min return their second operand where it is NaN.
    case EltOp::kRelu: return Unary<[](Vec x, S) { return Max(Zero(), x); }>;
    case EltOp::kLeakyRelu:
      return Unary<[](Vec x, S s) { return Select(Less(x, Zero()), s.alpha * x, x); }>;
    case EltOp::kHardSigmoid:
      return Unary<[](Vec x, S s) { return Clamp01(Fma(s.alpha, x, s.beta)); }>;
    case EltOp::kHardSwish:
      return Unary<[](Vec x, S) {
        return x * Clamp01(Fma(x, Broadcast(1.0f / 6), Broadcast(0.5f)));
      }>;
    case EltOp::kThresholdedRelu:
      return Unary<[](Vec x, S s) { return Select(Less(s.alpha, x), x, Zero()); }>;
    case EltOp::kClip: return Unary<[](Vec x, S s) { return Min(s.beta, Max(s.alpha, x)); }>;
    case EltOp::kCube: return Unary<[](Vec x, S) { return x * x * x; }>;
    case EltOp::kPowHalf:
      return Unary<[](Vec x, S) {
        Vec infinity = Broadcast(INFINITY);
        return Select(Equal(x, Neg(infinity)), infinity, Sqrt(x + Zero()));
      }>;
    case EltOp::kIsNan: return Test<[](Vec x) { return IsNan(x); }>;
    default: return nullptr;
  }
}

EltFn FindBinary(EltOp op) {
  switch (op) {
    case EltOp::kAdd: return Binary<[](Vec a, Vec b) { return a + b; }>;
    case EltOp::kSub: return Binary<[](Vec a, Vec b) { return a - b; }>;
    case EltOp::kMul: return Binary<[](Vec a, Vec b) { return a * b; }>;
    case EltOp::kDiv: return Binary<[](Vec a, Vec b) { return a / b; }>;
    case EltOp::kMin: return Binary<[](Vec a, Vec b) { return MinNan(a, b); }>;
    case EltOp::kMax: return Binary<[](Vec a, Vec b) { return MaxNan(a, b); }>;
    case EltOp::kPrelu:
      return Binary<[](Vec a, Vec b) { return Select(Less(a, Zero()), a * b, a); }>;
    case EltOp::kEqual: return Compare<[](Vec a, Vec b) { return Equal(a, b); }>;
    case EltOp::kLess: return Compare<[](Vec a, Vec b) { return Less(a, b); }>;
    case EltOp::kLessOrEqual: return Compare<[](Vec a, Vec b) { return LessEqual(a, b); }>;
    case EltOp::kGreater: return Compare<[](Vec a, Vec b) { return Less(b, a); }>;
    case EltOp::kGreaterOrEqual: return Compare<[](Vec a, Vec b) { return LessEqual(b, a); }>;
    case EltOp::kWhere: return WhereF32;
    default: return nullptr;
  }
}

EltFn FindF32(EltOp op) {
  if (EltFn fn = FindUnary(op)) return fn;
  if (EltFn fn = FindBinary(op)) return fn;
  return FindSmooth(op);
}

}  // namespace
}  // namespace plumb::kernels
