// Activations of epilogue.h in place on elements that are in the first-level cache. Include after
// one of simd/vec_*.h.
#pragma once

#include "kernels/epilogue.h"
#include "kernels/simd/math-inl.h"

namespace plumb::kernels {
namespace {

template <typename Fn>
PLUMB_INLINE void MapInPlace(float* p, int64_t n, Fn fn) {
  int64_t i = 0;
  for (; i + Vec::kLanes <= n; i += Vec::kLanes) Store(p + i, fn(Load(p + i)));
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    StorePartial(p + i, fn(LoadPartial(p + i, rest)), rest);
  }
}

void ActivateInPlace(float* p, int64_t n, Activation activation, float alpha, float beta) {
  const Vec a = Broadcast(alpha), b = Broadcast(beta), zero = Broadcast(0.0f);
  switch (activation) {
    case Activation::kNone: return;
    case Activation::kRelu: return MapInPlace(p, n, [=](Vec x) { return Max(zero, x); });
    case Activation::kClip: return MapInPlace(p, n, [=](Vec x) { return Min(b, Max(a, x)); });
    case Activation::kSigmoid: return MapInPlace(p, n, [](Vec x) { return Sigmoid(x); });
    case Activation::kTanh: return MapInPlace(p, n, [](Vec x) { return Tanh(x); });
    case Activation::kSilu: return MapInPlace(p, n, [](Vec x) { return x * Sigmoid(x); });
    case Activation::kHardSigmoid:
      return MapInPlace(p, n, [=](Vec x) { return Clamp01(Fma(a, x, b)); });
    case Activation::kHardSwish:
      return MapInPlace(
          p, n, [](Vec x) { return x * Clamp01(Fma(x, Broadcast(1.0f / 6), Broadcast(0.5f))); });
    case Activation::kLeakyRelu:
      return MapInPlace(p, n, [=](Vec x) { return Select(Less(x, zero), a * x, x); });
    case Activation::kGelu: return MapInPlace(p, n, [](Vec x) { return Gelu(x); });
  }
}

}  // namespace
}  // namespace plumb::kernels
