// Bodies of kQuantize and kDequantize over Vec. Include after one of simd/narrow_*.h.
#pragma once

#include "kernels/eltwise/elt_kernels.h"
#include "kernels/simd/each_vector-inl.h"

namespace plumb::kernels {
namespace {

// The bounds are whole numbers, so it is the same to bound before rounding.
template <bool kSigned>
void Quantize(const EltArgs& args) {
  const float* a = static_cast<const float*>(args.a);
  const auto zero = static_cast<int32_t>(args.beta);
  const Vec scale = Broadcast(static_cast<float>(args.alpha)), none = Broadcast(0.0f);
  const Vec low = Broadcast(static_cast<float>((kSigned ? -128 : 0) - zero));
  const Vec high = Broadcast(static_cast<float>((kSigned ? 127 : 255) - zero));
  ForEachVector(args.n, [&](int64_t i, int n) {
    Vec x = (n == Vec::kLanes ? Load(a + i) : LoadPartial(a + i, n)) / scale;
    x = Select(IsNan(x), none, x);
    const IVec q = AddInt(ToInt(Max(low, Min(high, x))), BroadcastInt(zero));
    if constexpr (kSigned) {
      StoreI8(static_cast<int8_t*>(args.dst) + i, q, n);
    } else {
      StoreU8(static_cast<uint8_t*>(args.dst) + i, q, n);
    }
  });
}

template <bool kSigned>
void Dequantize(const EltArgs& args) {
  float* dst = static_cast<float*>(args.dst);
  const Vec scale = Broadcast(static_cast<float>(args.alpha));
  const Vec zero = Broadcast(static_cast<float>(args.beta));
  ForEachVector(args.n, [&](int64_t i, int n) {
    Vec q;
    if constexpr (kSigned) {
      q = LoadI8(static_cast<const int8_t*>(args.a) + i, n);
    } else {
      q = LoadU8(static_cast<const uint8_t*>(args.a) + i, n);
    }
    const Vec x = (q - zero) * scale;
    n == Vec::kLanes ? Store(dst + i, x) : StorePartial(dst + i, x, n);
  });
}

EltFn FindQuantize(EltOp op, EltType small) {
  const bool is_signed = small == EltType::kI8;
  if (!is_signed && small != EltType::kU8) return nullptr;
  if (op == EltOp::kQuantize) return is_signed ? Quantize<true> : Quantize<false>;
  return is_signed ? Dequantize<true> : Dequantize<false>;
}

}  // namespace
}  // namespace plumb::kernels
