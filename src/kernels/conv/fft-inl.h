// Body of the Fourier transforms, written once over Vec. Include after one of simd/vec_*.h.
#pragma once

#include "kernels/conv/fft.h"

namespace plumb::kernels {
namespace {

// cos and sin of 2 pi i / 64.
constexpr float kCosine[64] = {
    1.0f,          0.995184727f,  0.98078528f,   0.956940336f,  0.923879533f,  0.881921264f,
    0.831469612f,  0.773010453f,  0.707106781f,  0.634393284f,  0.555570233f,  0.471396737f,
    0.382683432f,  0.290284677f,  0.195090322f,  0.0980171403f, 0.0f,          -0.0980171403f,
    -0.195090322f, -0.290284677f, -0.382683432f, -0.471396737f, -0.555570233f, -0.634393284f,
    -0.707106781f, -0.773010453f, -0.831469612f, -0.881921264f, -0.923879533f, -0.956940336f,
    -0.98078528f,  -0.995184727f, -1.0f,         -0.995184727f, -0.98078528f,  -0.956940336f,
    -0.923879533f, -0.881921264f, -0.831469612f, -0.773010453f, -0.707106781f, -0.634393284f,
    -0.555570233f, -0.471396737f, -0.382683432f, -0.290284677f, -0.195090322f, -0.0980171403f,
    0.0f,          0.0980171403f, 0.195090322f,  0.290284677f,  0.382683432f,  0.471396737f,
    0.555570233f,  0.634393284f,  0.707106781f,  0.773010453f,  0.831469612f,  0.881921264f,
    0.923879533f,  0.956940336f,  0.98078528f,   0.995184727f};
constexpr float kSine[64] = {
    0.0f,          0.0980171403f, 0.195090322f,  0.290284677f,   0.382683432f,  0.471396737f,
    0.555570233f,  0.634393284f,  0.707106781f,  0.773010453f,   0.831469612f,  0.881921264f,
    0.923879533f,  0.956940336f,  0.98078528f,   0.995184727f,   1.0f,          0.995184727f,
    0.98078528f,   0.956940336f,  0.923879533f,  0.881921264f,   0.831469612f,  0.773010453f,
    0.707106781f,  0.634393284f,  0.555570233f,  0.471396737f,   0.382683432f,  0.290284677f,
    0.195090322f,  0.0980171403f, 0.0f,          -0.0980171403f, -0.195090322f, -0.290284677f,
    -0.382683432f, -0.471396737f, -0.555570233f, -0.634393284f,  -0.707106781f, -0.773010453f,
    -0.831469612f, -0.881921264f, -0.923879533f, -0.956940336f,  -0.98078528f,  -0.995184727f,
    -1.0f,         -0.995184727f, -0.98078528f,  -0.956940336f,  -0.923879533f, -0.881921264f,
    -0.831469612f, -0.773010453f, -0.707106781f, -0.634393284f,  -0.555570233f, -0.471396737f,
    -0.382683432f, -0.290284677f, -0.195090322f, -0.0980171403f};

// A copy, so that no symbol is shared with sources of other instruction sets.
constexpr FftSize kSizes[kFftSizeCount] = {kFftSizes[0], kFftSizes[1], kFftSizes[2]};

struct Complex {
  Vec re, im;
};
PLUMB_INLINE Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
PLUMB_INLINE Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
PLUMB_INLINE Complex TimesMinusI(Complex a) { return {a.im, Neg(a.re)}; }
// a e^(-2 pi i turn / 64)
PLUMB_INLINE Complex Turn(Complex a, int turn) {
  const Vec c = Broadcast(kCosine[turn]), s = Broadcast(kSine[turn]);
  return {Fma(a.re, c, a.im * s), Fma(a.im, c, Neg(a.re * s))};
}

PLUMB_INLINE void Dft(Complex (&x)[4]) {
  const Complex a = x[0] + x[2], b = x[0] - x[2];
  const Complex c = x[1] + x[3], d = TimesMinusI(x[1] - x[3]);
  x[0] = a + c;
  x[1] = b + d;
  x[2] = a - c;
  x[3] = b - d;
}

PLUMB_INLINE void Dft(Complex (&x)[8]) {
  Complex even[4] = {x[0], x[2], x[4], x[6]}, odd[4] = {x[1], x[3], x[5], x[7]};
  Dft(even);
  Dft(odd);
  const Vec half = Broadcast(0.707106781f);
  const Complex one = odd[1], three = odd[3];
  odd[1] = {(one.re + one.im) * half, (one.im - one.re) * half};
  odd[2] = TimesMinusI(odd[2]);
  odd[3] = {(three.im - three.re) * half, Neg(three.re + three.im) * half};
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) {
    x[k] = even[k] + odd[k];
    x[k + 4] = even[k] - odd[k];
  }
}

// Pixels hold the real parts of a vector of channels, then the imaginary ones. The inverse is the
// transform with both exchanged.
template <bool kInverse>
PLUMB_INLINE Complex LoadPixel(const float* p) {
  const Vec a = Load(p), b = Load(p + Vec::kLanes);
  return kInverse ? Complex{b, a} : Complex{a, b};
}
template <bool kInverse>
PLUMB_INLINE void StorePixel(float* p, Complex x) {
  Store(p, kInverse ? x.im : x.re);
  Store(p + Vec::kLanes, kInverse ? x.re : x.im);
}

enum class Twiddle { kNone, kBefore, kAfter };

// Transforms kRadix pixels that lie `step` floats apart, in place. `turn`: of element 1, in parts
// of 64.
template <int kRadix, Twiddle kTwiddle, bool kInverse>
PLUMB_INLINE void Pass(float* at, int64_t step, int turn) {
  Complex x[kRadix];
#pragma GCC unroll 8
  for (int r = 0; r < kRadix; ++r) {
    x[r] = LoadPixel<kInverse>(at + r * step);
    if (kTwiddle == Twiddle::kBefore && r > 0) x[r] = Turn(x[r], r * turn);
  }
  Dft(x);
#pragma GCC unroll 8
  for (int r = 0; r < kRadix; ++r) {
    if (kTwiddle == Twiddle::kAfter && r > 0) x[r] = Turn(x[r], r * turn);
    StorePixel<kInverse>(at + r * step, x[r]);
  }
}

// One row or column: size kFirst * kSecond, pixels `step` floats apart.
template <int kFirst, int kSecond, bool kInverse>
PLUMB_INLINE void TransformLine(float* at, int64_t step) {
  constexpr int kTurn = 64 / (kFirst * kSecond);
  if (kInverse) {
    for (int k = 0; k < kFirst; ++k) {
      Pass<kSecond, Twiddle::kNone, kInverse>(at + k * kSecond * step, step, 0);
    }
    for (int j = 0; j < kSecond; ++j) {
      Pass<kFirst, Twiddle::kBefore, kInverse>(at + j * step, kSecond * step, j * kTurn);
    }
    return;
  }
  for (int j = 0; j < kSecond; ++j) {
    Pass<kFirst, Twiddle::kAfter, kInverse>(at + j * step, kSecond * step, j * kTurn);
  }
  for (int k = 0; k < kFirst; ++k) {
    Pass<kSecond, Twiddle::kNone, kInverse>(at + k * kSecond * step, step, 0);
  }
}

template <int kFirst, int kSecond, bool kInverse>
void TransformTile(float* tile) {
  constexpr int kSize = kFirst * kSecond;
  constexpr int64_t kPixel = 2 * Vec::kLanes, kRow = FftPitch(kSize) * kPixel;
  for (int i = 0; i < kSize; ++i) {
    TransformLine<kFirst, kSecond, kInverse>(tile + i * kRow, kPixel);
  }
  for (int i = 0; i < kSize; ++i) {
    TransformLine<kFirst, kSecond, kInverse>(tile + i * kPixel, kRow);
  }
}

template <bool kInverse>
void TransformAny(int form, float* tile) noexcept {
  switch (form) {
    case 0: return TransformTile<4, 4, kInverse>(tile);
    case 1: return TransformTile<8, 4, kInverse>(tile);
    default: return TransformTile<8, 8, kInverse>(tile);
  }
}

PLUMB_INLINE Vec LoadChannels(const float* p, int64_t stride, int channels) {
  if (stride == 1) return channels == Vec::kLanes ? Load(p) : LoadPartial(p, channels);
  float values[Vec::kLanes];
  for (int c = 0; c < Vec::kLanes; ++c) values[c] = c < channels ? p[c * stride] : 0.0f;
  return Load(values);
}

void LoadTile(const FftLoad& p) noexcept {
  const Vec zero = Broadcast(0.0f);
  float* row = p.tile + (p.imaginary ? Vec::kLanes : 0);
  const int64_t begin = p.left < 0 ? -p.left : 0;
  const int64_t end = p.width - p.left < p.size ? p.width - p.left : p.size;
  for (int64_t y = 0; y < p.size; ++y, row += FftPitch(p.size) * 2 * Vec::kLanes) {
    const int64_t at = p.top + y;
    const bool inside = at >= 0 && at < p.height && begin < end;
    const int64_t first = inside ? begin : p.size, last = inside ? end : p.size;
    float* to = row;
    int64_t x = 0;
    for (; x < first && x < p.size; ++x, to += 2 * Vec::kLanes) Store(to, zero);
    const float* from = inside ? p.src + at * p.row + (p.left + x) * p.pixel : p.src;
    for (; x < last; ++x, to += 2 * Vec::kLanes, from += p.pixel) {
      Store(to, LoadChannels(from, p.channel, p.channels));
    }
    for (; x < p.size; ++x, to += 2 * Vec::kLanes) Store(to, zero);
  }
}

void StoreTile(const FftStore& p) noexcept {
  const Vec low = Broadcast(p.low), high = Broadcast(p.high);
  const Vec bias = p.bias != nullptr ? Load(p.bias) : Broadcast(0.0f);
  const float* tile = p.tile + (p.imaginary ? Vec::kLanes : 0);
  for (int64_t y = 0; y < p.rows; ++y) {
    const float* from = tile + y * FftPitch(p.size) * 2 * Vec::kLanes;
    float* to = p.dst + y * p.dst_row;
    const float* residual = p.residual + (p.residual != nullptr ? y * p.residual_row : 0);
    for (int64_t x = 0; x < p.columns; ++x, from += 2 * Vec::kLanes, to += p.dst_pixel) {
      Vec value = Load(from) + bias;
      if (p.residual != nullptr) {
        value = value + LoadChannels(residual + x * p.residual_pixel, 1, p.channels);
      }
      value = Max(low, Min(high, value));
      if (p.channels == Vec::kLanes) {
        Store(to, value);
      } else {
        StorePartial(to, value, p.channels);
      }
    }
  }
}

// Calls fn(index, pixel at a position, pixel at its negative).
template <typename Fn>
PLUMB_INLINE void ForEachPair(int form, float* tile, Fn fn) {
  const FftSize size = kSizes[form];
  int negative[kMaxFftSize];
  for (int i = 0; i < size.size; ++i) negative[i] = FftNegative(size, i);
  const int64_t pixel = 2 * Vec::kLanes, row = FftPitch(size.size) * pixel;
  int64_t index = 0;
  for (int i = 0; i < size.size; ++i) {
    if (negative[i] < i) continue;
    for (int j = 0; j < size.size; ++j) {
      if (negative[i] == i && negative[j] < j) continue;
      fn(index++, tile + i * row + j * pixel, tile + negative[i] * row + negative[j] * pixel);
    }
  }
}

void ScatterPlanes(const FftPlanes& p) noexcept {
  ForEachPair(p.form, p.tile, [&](int64_t index, const float* a, const float* b) {
    float* to = p.planes + index * p.plane;
    const Complex x = LoadPixel<false>(a), y = LoadPixel<false>(b);
    Store(to, x.re);
    Store(to + p.part, x.im);
    Store(to + 2 * p.part, Neg(x.im));
    Store(to + p.row, y.re);
    Store(to + p.row + p.part, Neg(y.im));
    Store(to + p.row + 2 * p.part, y.im);
  });
}

void GatherPlanes(const FftPlanes& p) noexcept {
  ForEachPair(p.form, p.tile, [&](int64_t index, float* a, float* b) {
    const float* from = p.planes + index * p.plane;
    const auto load = [&](int64_t at) { return LoadChannels(from + at, 1, p.channels); };
    StorePixel<false>(b, {load(p.row), Neg(load(p.row + p.part))});
    StorePixel<false>(a, {load(0), load(p.part)});
  });
}

void MultiplyTile(int form, float* tile, const float* kernel) noexcept {
  ForEachPair(form, tile, [&](int64_t index, float* a, float* b) {
    const Complex w = LoadPixel<false>(kernel + index * 2 * Vec::kLanes);
    const Complex x = LoadPixel<false>(a), y = LoadPixel<false>(b);
    const Complex conjugate = {Fma(y.re, w.re, y.im * w.im), Fma(y.im, w.re, Neg(y.re * w.im))};
    StorePixel<false>(b, conjugate);
    StorePixel<false>(a, {Fma(x.re, w.re, Neg(x.im * w.im)), Fma(x.im, w.re, x.re * w.im)});
  });
}

constexpr FftTable kFftTable = {Vec::kLanes,         LoadTile,           StoreTile,
                                TransformAny<false>, TransformAny<true>, ScatterPlanes,
                                GatherPlanes,        MultiplyTile};

}  // namespace
}  // namespace plumb::kernels
