// Local response normalisation, written against simd/vec_*.h.
#pragma once

#include "kernels/norm/norm_kernels.h"
#include "kernels/simd/math-inl.h"

namespace plumb::kernels {
namespace {

// 1 / sqrt(a) by one Newton step, for normal positive a well inside the range.
PLUMB_INLINE Vec RsqrtNewton(Vec a) {
  const Vec r = RsqrtEstimate(a);
  const Vec half = a * Broadcast(-0.5f) * r;
  return Fma(half * r, r, Broadcast(1.5f) * r);
}

// x * base^-3/4 = x r sqrt(r) with r = base^-1/2; sqrt(r) = r * rsqrt(r).
struct PowerThreeQuarters {
  PLUMB_INLINE Vec operator()(Vec x, Vec base) const {
    const Vec r = RsqrtNewton(base);
    const Vec y = x * (r * r) * RsqrtNewton(r);
    // Beyond these bounds the estimate or its step under- or overflows.
    const Mask safe = And(Less(Broadcast(1e-30f), base), Less(base, Broadcast(1e30f)));
    if (!Any(Not(safe))) return y;
    const Vec root = Sqrt(base);
    return Select(safe, y, x / (root * Sqrt(root)));
  }
};
struct PowerHalf {
  PLUMB_INLINE Vec operator()(Vec x, Vec base) const { return x / Sqrt(base); }
};
struct PowerOne {
  PLUMB_INLINE Vec operator()(Vec x, Vec base) const { return x / base; }
};
struct PowerAny {
  Vec beta;
  PLUMB_INLINE Vec operator()(Vec x, Vec base) const { return x / Exp(beta * Log(base)); }
};

// Squares of eight pixels at a time lie in a buffer with zeros on both sides, so that windows are
// unaligned loads; several pixels, so that these loads do not meet stores still under way.
constexpr int64_t kLrnGroup = 8, kLrnBlock = 448;
constexpr int64_t kLrnWidth = kLrnBlock + 2 * kLrnMaxSize;

// Squares of channels [first - before, first + count + after), zero outside of the image's.
PLUMB_INLINE void StoreSquares(const LrnShape& s, const float* src, int64_t first, int64_t count,
                               float* squares) {
  for (int i = 0; i < s.before; ++i) {
    const int64_t c = first - s.before + i;
    squares[i] = c >= 0 ? src[c] * src[c] : 0.0f;
  }
  squares += s.before;
  int64_t i = 0;
  for (; i + Vec::kLanes <= count; i += Vec::kLanes) {
    const Vec x = Load(src + first + i);
    Store(squares + i, x * x);
  }
  for (; i < count; ++i) squares[i] = src[first + i] * src[first + i];
  for (i = 0; i < s.after; ++i) {
    const int64_t c = first + count + i;
    squares[count + i] = c < s.channels ? src[c] * src[c] : 0.0f;
  }
  Store(squares + count + s.after, Broadcast(0.0f));
}

template <typename Power>
PLUMB_INLINE void LrnBlockOf(const LrnShape& s, const Power& power, const float* squares,
                             const float* src, float* dst, int64_t count) {
  const Vec alpha = Broadcast(s.alpha), bias = Broadcast(s.bias);
  const int size = s.before + s.after + 1;
  for (int64_t i = 0; i < count; i += Vec::kLanes) {
    Vec sum = Load(squares + i);
    for (int k = 1; k < size; ++k) sum = sum + Load(squares + i + k);
    const Vec base = Fma(sum, alpha, bias);
    if (i + Vec::kLanes <= count) {
      Store(dst + i, power(Load(src + i), base));
    } else {
      const int rest = static_cast<int>(count - i);
      StorePartial(dst + i, power(LoadPartial(src + i, rest), base), rest);
    }
  }
}

template <typename Power>
PLUMB_INLINE void LrnPixelsOf(const LrnShape& s, const Power& power, const float* src, float* dst,
                              int64_t pixels) {
  alignas(64) float squares[kLrnGroup * kLrnWidth];
  for (int64_t p = 0; p < pixels; p += kLrnGroup) {
    const int64_t group = pixels - p < kLrnGroup ? pixels - p : kLrnGroup;
    for (int64_t c = 0; c < s.channels; c += kLrnBlock) {
      const int64_t count = s.channels - c < kLrnBlock ? s.channels - c : kLrnBlock;
      for (int64_t g = 0; g < group; ++g) {
        StoreSquares(s, src + (p + g) * s.src_pixel, c, count, squares + g * kLrnWidth);
      }
      for (int64_t g = 0; g < group; ++g) {
        LrnBlockOf(s, power, squares + g * kLrnWidth, src + (p + g) * s.src_pixel + c,
                   dst + (p + g) * s.dst_pixel + c, count);
      }
    }
  }
}

template <typename Power>
PLUMB_INLINE void LrnPlanesOf(const LrnShape& s, const Power& power, const float* src, float* dst,
                              int64_t pixels) {
  const Vec alpha = Broadcast(s.alpha), bias = Broadcast(s.bias);
  for (int64_t i = 0; i < pixels; i += Vec::kLanes) {
    const int rest = pixels - i < Vec::kLanes ? static_cast<int>(pixels - i) : Vec::kLanes;
    for (int64_t c = 0; c < s.channels; ++c) {
      const int64_t begin = c < s.before ? 0 : c - s.before;
      const int64_t end = c + s.after < s.channels ? c + s.after + 1 : s.channels;
      Vec sum = Broadcast(0.0f);
      for (int64_t k = begin; k < end; ++k) {
        const Vec x = LoadPartial(src + k * s.src_channel + i, rest);
        sum = Fma(x, x, sum);
      }
      const Vec x = LoadPartial(src + c * s.src_channel + i, rest);
      StorePartial(dst + c * s.dst_channel + i, power(x, Fma(sum, alpha, bias)), rest);
    }
  }
}

void LrnPixels(const LrnShape& s, const float* src, float* dst, int64_t pixels) {
  if (s.beta == 0.75f) return LrnPixelsOf(s, PowerThreeQuarters{}, src, dst, pixels);
  if (s.beta == 0.5f) return LrnPixelsOf(s, PowerHalf{}, src, dst, pixels);
  if (s.beta == 1.0f) return LrnPixelsOf(s, PowerOne{}, src, dst, pixels);
  LrnPixelsOf(s, PowerAny{Broadcast(s.beta)}, src, dst, pixels);
}

void LrnPlanes(const LrnShape& s, const float* src, float* dst, int64_t pixels) {
  if (s.beta == 0.75f) return LrnPlanesOf(s, PowerThreeQuarters{}, src, dst, pixels);
  if (s.beta == 0.5f) return LrnPlanesOf(s, PowerHalf{}, src, dst, pixels);
  if (s.beta == 1.0f) return LrnPlanesOf(s, PowerOne{}, src, dst, pixels);
  LrnPlanesOf(s, PowerAny{Broadcast(s.beta)}, src, dst, pixels);
}

}  // namespace
}  // namespace plumb::kernels
