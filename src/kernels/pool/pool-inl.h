// Pooling of output pixels over contiguous channels, written against simd/narrow_*.h.
#pragma once

#include "kernels/pool/pool_kernels.h"
#include "kernels/simd/math-inl.h"

namespace plumb::kernels {
namespace {

// NaN in x or in the sum so far gives NaN: Max returns its second operand where either is NaN.
struct MaxOf {
  static constexpr float kStart = -INFINITY;
  static PLUMB_INLINE Vec Add(Vec sum, Vec x, int) { return MaxNan(x, sum); }
  static PLUMB_INLINE Vec Join(Vec a, Vec b) { return MaxNan(a, b); }
  static PLUMB_INLINE Vec Finish(Vec sum, Vec, int) { return sum; }
};
struct AverageOf {
  static constexpr float kStart = 0;
  static PLUMB_INLINE Vec Add(Vec sum, Vec x, int) { return sum + x; }
  static PLUMB_INLINE Vec Join(Vec a, Vec b) { return a + b; }
  static PLUMB_INLINE Vec Finish(Vec sum, Vec scale, int) { return sum * scale; }
};
struct LpOf {
  static constexpr float kStart = 0;
  static PLUMB_INLINE Vec Power(Vec x, int p) {
    Vec result = x;
    for (int i = 1; i < p; ++i) result = result * x;
    return result;
  }
  static PLUMB_INLINE Vec Add(Vec sum, Vec x, int p) { return sum + Power(Abs(x), p); }
  static PLUMB_INLINE Vec Join(Vec a, Vec b) { return a + b; }
  static PLUMB_INLINE Vec Finish(Vec sum, Vec, int p) {
    if (p == 1) return sum;
    if (p == 2) return Sqrt(sum);
    float lanes[Vec::kLanes];
    Store(lanes, sum);
    for (int i = 0; i < Vec::kLanes; ++i) lanes[i] = powf(lanes[i], 1.0f / static_cast<float>(p));
    return Load(lanes);
  }
};

// Elements of memory as lanes: n of them, kLanes or fewer.
struct F32Elements {
  using T = float;
  static PLUMB_INLINE Vec Read(const T* p, int n) {
    return n == Vec::kLanes ? Load(p) : LoadPartial(p, n);
  }
  static PLUMB_INLINE void Write(T* p, Vec x, int n) {
    if (n == Vec::kLanes) return Store(p, x);
    StorePartial(p, x, n);
  }
};
struct BF16Elements {
  using T = uint16_t;
  static PLUMB_INLINE Vec Read(const T* p, int n) { return LoadBF16(p, n); }
  static PLUMB_INLINE void Write(T* p, Vec x, int n) { StoreBF16(p, x, n); }
};

// `kVectors` vectors of channels at a time stay in registers, the last of `n` lanes. Rows are
// summed on their own, which keeps the rounding error of large averages small.
template <typename Reduce, typename Elements, int kVectors>
PLUMB_INLINE void PoolVectors(const PoolWindow& w, int64_t channel, int n, void* dst, Vec scale,
                              int p) {
  using T = typename Elements::T;
  Vec sum[kVectors];
  for (int v = 0; v < kVectors; ++v) sum[v] = Broadcast(Reduce::kStart);
  for (int64_t d = 0; d < w.taps[0]; ++d) {
    for (int64_t h = 0; h < w.taps[1]; ++h) {
      const T* at = static_cast<const T*>(w.src) + d * w.strides[0] + h * w.strides[1] + channel;
      Vec row[kVectors];
      for (int v = 0; v < kVectors; ++v) row[v] = Broadcast(Reduce::kStart);
      for (int64_t x = 0; x < w.taps[2]; ++x, at += w.strides[2]) {
        for (int v = 0; v < kVectors; ++v) {
          row[v] = Reduce::Add(row[v], Elements::Read(at + v * Vec::kLanes, n), p);
        }
      }
      for (int v = 0; v < kVectors; ++v) sum[v] = Reduce::Join(sum[v], row[v]);
    }
  }
  T* to = static_cast<T*>(dst) + channel;
  for (int v = 0; v < kVectors; ++v) {
    Elements::Write(to + v * Vec::kLanes, Reduce::Finish(sum[v], scale, p), n);
  }
}

template <typename Reduce, typename Elements>
PLUMB_INLINE void PoolPixel(const PoolWindow& w, void* dst, int64_t channels, Vec factor, int p) {
  constexpr int kLanes = Vec::kLanes;
  int64_t c = 0;
  for (; c + 4 * kLanes <= channels; c += 4 * kLanes) {
    PoolVectors<Reduce, Elements, 4>(w, c, kLanes, dst, factor, p);
  }
  for (; c + kLanes <= channels; c += kLanes) {
    PoolVectors<Reduce, Elements, 1>(w, c, kLanes, dst, factor, p);
  }
  const int rest = static_cast<int>(channels - c);
  if (rest > 0) PoolVectors<Reduce, Elements, 1>(w, c, rest, dst, factor, p);
}

template <typename Reduce, typename Elements>
void PoolPixels(const PoolWindow& window, void* dst, int64_t channels, float scale, int p) {
  using T = typename Elements::T;
  const Vec factor = Broadcast(scale);
  PoolWindow w = window;
  for (int64_t i = 0; i < window.pixels; ++i) {
    PoolPixel<Reduce, Elements>(w, dst, channels, factor, p);
    w.src = static_cast<const T*>(w.src) + w.src_step;
    dst = static_cast<T*>(dst) + w.dst_step;
  }
}

// Maxima of bytes need no fp32: kChannels of them are one vector of the compiler's.
template <typename T, int kChannels>
PLUMB_INLINE void MaxOfBytes(const PoolWindow& w, int64_t channel, void* dst) {
  using Bytes __attribute__((vector_size(kChannels))) = T;
  Bytes most, bytes;
  memcpy(&most, static_cast<const T*>(w.src) + channel, sizeof(most));
  for (int64_t d = 0; d < w.taps[0]; ++d) {
    for (int64_t h = 0; h < w.taps[1]; ++h) {
      const T* at = static_cast<const T*>(w.src) + d * w.strides[0] + h * w.strides[1] + channel;
      for (int64_t x = 0; x < w.taps[2]; ++x, at += w.strides[2]) {
        memcpy(&bytes, at, sizeof(bytes));
        most = bytes > most ? bytes : most;
      }
    }
  }
  memcpy(static_cast<T*>(dst) + channel, &most, sizeof(most));
}

template <typename T>
void MaxPixelsOfBytes(const PoolWindow& window, void* dst, int64_t channels, float, int) {
  PoolWindow w = window;
  for (int64_t i = 0; i < window.pixels; ++i) {
    int64_t c = 0;
    for (; c + 64 <= channels; c += 64) MaxOfBytes<T, 64>(w, c, dst);
    for (; c + 16 <= channels; c += 16) MaxOfBytes<T, 16>(w, c, dst);
    for (; c < channels; ++c) MaxOfBytes<T, 1>(w, c, dst);
    w.src = static_cast<const T*>(w.src) + w.src_step;
    dst = static_cast<T*>(dst) + w.dst_step;
  }
}

PoolPixelsFns AllPoolPixelsFns() {
  return {{PoolPixels<MaxOf, F32Elements>, PoolPixels<MaxOf, BF16Elements>,
           MaxPixelsOfBytes<int8_t>, MaxPixelsOfBytes<uint8_t>},
          {PoolPixels<AverageOf, F32Elements>, PoolPixels<AverageOf, BF16Elements>},
          {PoolPixels<LpOf, F32Elements>, PoolPixels<LpOf, BF16Elements>}};
}

}  // namespace
}  // namespace plumb::kernels
