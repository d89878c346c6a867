// Tile functions through the C library: what has no vector form in fp32, and everything in fp64.
#include <cmath>
#include <cstdint>

#include "kernels/eltwise/elt_kernels.h"

namespace plumb::kernels {
namespace {

template <typename T, auto kApply>
void Map1(const EltArgs& args) {
  const T* a = static_cast<const T*>(args.a);
  T* dst = static_cast<T*>(args.dst);
  for (std::int64_t i = 0; i < args.n; ++i) dst[i] = kApply(a[i]);
}

template <typename T, auto kApply>
void Map2(const EltArgs& args) {
  const T* a = static_cast<const T*>(args.a);
  const T* b = static_cast<const T*>(args.b);
  T* dst = static_cast<T*>(args.dst);
  for (std::int64_t i = 0; i < args.n; ++i) dst[i] = kApply(a[i], b[i]);
}

template <typename T, auto kApply>
void MapScalars(const EltArgs& args) {
  const T* a = static_cast<const T*>(args.a);
  T* dst = static_cast<T*>(args.dst);
  const T alpha = static_cast<T>(args.alpha), beta = static_cast<T>(args.beta);
  for (std::int64_t i = 0; i < args.n; ++i) dst[i] = kApply(a[i], alpha, beta);
}

template <typename T>
void IsInfinite(const EltArgs& args) {
  const T* a = static_cast<const T*>(args.a);
  std::uint8_t* dst = static_cast<std::uint8_t*>(args.dst);
  const bool negative = args.alpha != 0, positive = args.beta != 0;
  for (std::int64_t i = 0; i < args.n; ++i) {
    dst[i] = std::isinf(a[i]) && (a[i] < 0 ? negative : positive);
  }
}

template <typename T>
void IsNotANumber(const EltArgs& args) {
  const T* a = static_cast<const T*>(args.a);
  std::uint8_t* dst = static_cast<std::uint8_t*>(args.dst);
  for (std::int64_t i = 0; i < args.n; ++i) dst[i] = std::isnan(a[i]);
}

template <typename T>
T FloorModulo(T a, T b) {
  T r = std::fmod(a, b);
  return r != 0 && ((r < 0) != (b < 0)) ? r + b : r;
}

template <typename T>
T Clamp01(T x) {
  return x < 0 ? T{0} : x > 1 ? T{1} : x;
}
template <typename T>
T SigmoidOf(T x) {
  T e = std::exp(-std::fabs(x));
  return (x < 0 ? e : T{1}) / (1 + e);
}
template <typename T>
T SoftplusOf(T x) {
  return (x < 0 ? T{0} : x) + std::log1p(std::exp(-std::fabs(x)));
}

template <typename T>
EltFn FindElementary(EltOp op) {
  switch (op) {
    case EltOp::kSin: return Map1<T, [](T x) { return std::sin(x); }>;
    case EltOp::kCos: return Map1<T, [](T x) { return std::cos(x); }>;
    case EltOp::kTan: return Map1<T, [](T x) { return std::tan(x); }>;
    case EltOp::kAsin: return Map1<T, [](T x) { return std::asin(x); }>;
    case EltOp::kAcos: return Map1<T, [](T x) { return std::acos(x); }>;
    case EltOp::kAtan: return Map1<T, [](T x) { return std::atan(x); }>;
    case EltOp::kSinh: return Map1<T, [](T x) { return std::sinh(x); }>;
    case EltOp::kCosh: return Map1<T, [](T x) { return std::cosh(x); }>;
    case EltOp::kAsinh: return Map1<T, [](T x) { return std::asinh(x); }>;
    case EltOp::kAcosh: return Map1<T, [](T x) { return std::acosh(x); }>;
    case EltOp::kAtanh: return Map1<T, [](T x) { return std::atanh(x); }>;
    case EltOp::kPow: return Map2<T, [](T a, T b) { return std::pow(a, b); }>;
    case EltOp::kMod: return Map2<T, [](T a, T b) { return FloorModulo(a, b); }>;
    case EltOp::kFmod: return Map2<T, [](T a, T b) { return std::fmod(a, b); }>;
    case EltOp::kIsInf: return IsInfinite<T>;
    case EltOp::kIsNan: return IsNotANumber<T>;
    default: return nullptr;
  }
}

EltFn FindDouble(EltOp op) {
  using T = double;
  switch (op) {
    case EltOp::kExp: return Map1<T, [](T x) { return std::exp(x); }>;
    case EltOp::kLog: return Map1<T, [](T x) { return std::log(x); }>;
    case EltOp::kSqrt: return Map1<T, [](T x) { return std::sqrt(x); }>;
    case EltOp::kRsqrt: return Map1<T, [](T x) { return 1 / std::sqrt(x); }>;
    case EltOp::kFloor: return Map1<T, [](T x) { return std::floor(x); }>;
    case EltOp::kCeil: return Map1<T, [](T x) { return std::ceil(x); }>;
    case EltOp::kRound: return Map1<T, [](T x) { return std::nearbyint(x); }>;
    case EltOp::kTanh: return Map1<T, [](T x) { return std::tanh(x); }>;
    case EltOp::kErf: return Map1<T, [](T x) { return std::erf(x); }>;
    case EltOp::kSigmoid: return Map1<T, [](T x) { return SigmoidOf(x); }>;
    case EltOp::kSoftplus: return Map1<T, [](T x) { return SoftplusOf(x); }>;
    case EltOp::kSoftsign: return Map1<T, [](T x) { return x / (1 + std::fabs(x)); }>;
    case EltOp::kSilu: return Map1<T, [](T x) { return x * SigmoidOf(x); }>;
    case EltOp::kGelu:
      return Map1<T, [](T x) { return 0.5 * x * (1 + std::erf(x * 0.70710678118654752)); }>;
    case EltOp::kGeluTanh:
      return Map1<T, [](T x) {
        return 0.5 * x * (1 + std::tanh(0.79788456080286536 * (x + 0.044715 * x * x * x)));
      }>;
    case EltOp::kMish: return Map1<T, [](T x) { return x * std::tanh(SoftplusOf(x)); }>;
    case EltOp::kHardSwish: return Map1<T, [](T x) { return x * Clamp01(x / 6 + 0.5); }>;
    case EltOp::kPowHalf: return Map1<T, [](T x) { return std::pow(x, 0.5); }>;
    default: return nullptr;
  }
}

EltFn FindDoubleWithScalars(EltOp op) {
  using T = double;
  switch (op) {
    case EltOp::kLeakyRelu:
      return MapScalars<T, [](T x, T alpha, T) { return x < 0 ? alpha * x : x; }>;
    case EltOp::kElu:
      return MapScalars<T, [](T x, T alpha, T) { return x < 0 ? alpha * std::expm1(x) : x; }>;
    case EltOp::kSelu:
      return MapScalars<T, [](T x, T alpha, T gamma) {
        return gamma * (x < 0 ? alpha * std::expm1(x) : x);
      }>;
    case EltOp::kCelu:
      return MapScalars<T,
                        [](T x, T alpha, T) { return x < 0 ? alpha * std::expm1(x / alpha) : x; }>;
    case EltOp::kHardSigmoid:
      return MapScalars<T, [](T x, T alpha, T beta) { return Clamp01(alpha * x + beta); }>;
    case EltOp::kThresholdedRelu:
      return MapScalars<T, [](T x, T alpha, T) { return (x > alpha) ? x : T{0}; }>;
    default: return nullptr;
  }
}

}  // namespace

EltFn FindEltLibm(EltOp op, EltType type) {
  if (type == EltType::kF32) return FindElementary<float>(op);
  if (type != EltType::kF64) return nullptr;
  if (EltFn fn = FindElementary<double>(op)) return fn;
  if (EltFn fn = FindDouble(op)) return fn;
  return FindDoubleWithScalars(op);
}

}  // namespace plumb::kernels
