// Row sums and tap sums of resizing, written against simd/vec_*.h.
#pragma once

#include "kernels/resize/resize_kernels.h"

namespace plumb::kernels {
namespace {

PLUMB_INLINE Vec LoadRow(const float* p) { return Load(p); }
PLUMB_INLINE Vec LoadRow(const uint8_t* p) { return LoadBytes(p); }

template <typename T>
void CombineRows(const T* const* rows, const float* weights, int count, int64_t n, float* dst) {
  int64_t i = 0;
  if (count == 2) {
    const Vec a = Broadcast(weights[0]), b = Broadcast(weights[1]);
    const T *x = rows[0], *y = rows[1];
    for (; i + Vec::kLanes <= n; i += Vec::kLanes) {
      Store(dst + i, Fma(LoadRow(y + i), b, LoadRow(x + i) * a));
    }
  } else {
    for (; i + Vec::kLanes <= n; i += Vec::kLanes) {
      Vec sum = LoadRow(rows[0] + i) * Broadcast(weights[0]);
      for (int k = 1; k < count; ++k) {
        sum = Fma(LoadRow(rows[k] + i), Broadcast(weights[k]), sum);
      }
      Store(dst + i, sum);
    }
  }
  for (; i < n; ++i) {
    float sum = static_cast<float>(rows[0][i]) * weights[0];
    for (int k = 1; k < count; ++k) sum += static_cast<float>(rows[k][i]) * weights[k];
    dst[i] = sum;
  }
}

void Spread(const float* src, const int32_t* index, int32_t first, const float* weight, int taps,
            int64_t pixels, int64_t channels, float* dst, int64_t dst_pixel) {
  for (int64_t p = 0; p < pixels; ++p, index += taps, weight += taps, dst += dst_pixel) {
    int64_t c = 0;
    for (; c + Vec::kLanes <= channels; c += Vec::kLanes) {
      Vec sum = Load(src + (index[0] - first) * channels + c) * Broadcast(weight[0]);
      for (int t = 1; t < taps; ++t) {
        sum = Fma(Load(src + (index[t] - first) * channels + c), Broadcast(weight[t]), sum);
      }
      Store(dst + c, sum);
    }
    for (; c < channels; ++c) {
      float sum = src[(index[0] - first) * channels + c] * weight[0];
      for (int t = 1; t < taps; ++t) sum += src[(index[t] - first) * channels + c] * weight[t];
      dst[c] = sum;
    }
  }
}

PLUMB_INLINE float RoundedByte(float x) {
  x = x > 0.0f ? x : 0.0f;  // NaN becomes 0
  return nearbyintf(x < 255.0f ? x : 255.0f);
}

void ToBytes(const float* src, int64_t n, uint8_t* dst) {
  for (int64_t i = 0; i < n; ++i) dst[i] = static_cast<uint8_t>(RoundedByte(src[i]));
}

#ifdef __AVX2__
// A pixel is one 128-bit register; what lies in its last lanes is not stored.
struct Pixel {
  __m128 v;
};
PLUMB_INLINE Pixel TapSum(const float* src, const int32_t* index, const float* weight, int taps,
                          int channels) {
  __m128 sum = _mm_mul_ps(_mm_loadu_ps(src + int64_t{index[0]} * channels), _mm_set1_ps(weight[0]));
  for (int t = 1; t < taps; ++t) {
    sum =
        _mm_fmadd_ps(_mm_loadu_ps(src + int64_t{index[t]} * channels), _mm_set1_ps(weight[t]), sum);
  }
  return {sum};
}
PLUMB_INLINE Pixel Mapped(Pixel x, const PixelMap& map) {
  return {_mm_fmadd_ps(x.v, _mm_loadu_ps(map.scale), _mm_loadu_ps(map.shift))};
}
PLUMB_INLINE void StoreLanes(Pixel x, float* lanes) { _mm_storeu_ps(lanes, x.v); }
PLUMB_INLINE uint32_t Bytes(Pixel x) {
  __m128i words =
      _mm_cvtps_epi32(_mm_min_ps(_mm_max_ps(x.v, _mm_setzero_ps()), _mm_set1_ps(255.0f)));
  words = _mm_packus_epi32(words, words);
  return static_cast<uint32_t>(_mm_cvtsi128_si32(_mm_packus_epi16(words, words)));
}
#else
struct Pixel {
  float v[4];
};
PLUMB_INLINE Pixel TapSum(const float* src, const int32_t* index, const float* weight, int taps,
                          int channels) {
  Pixel sum = {{0, 0, 0, 0}};
  for (int t = 0; t < taps; ++t) {
    const float* at = src + int64_t{index[t]} * channels;
    for (int c = 0; c < channels; ++c) sum.v[c] += at[c] * weight[t];
  }
  return sum;
}
PLUMB_INLINE Pixel Mapped(Pixel x, const PixelMap& map) {
  for (int c = 0; c < 4; ++c) x.v[c] = x.v[c] * map.scale[c] + map.shift[c];
  return x;
}
PLUMB_INLINE void StoreLanes(Pixel x, float* lanes) {
  for (int c = 0; c < 4; ++c) lanes[c] = x.v[c];
}
PLUMB_INLINE uint32_t Bytes(Pixel x) {
  uint32_t bytes = 0;
  for (int c = 0; c < 4; ++c) bytes |= static_cast<uint32_t>(RoundedByte(x.v[c])) << (8 * c);
  return bytes;
}
#endif

// Neighbouring pixels overwrite the lanes beyond the channels; the last one is stored by elements.
void SpreadMapF32(const float* src, const int32_t* index, const float* weight, int taps,
                  int64_t pixels, const PixelMap& map, float* dst, int64_t dst_pixel,
                  int64_t dst_channel) {
  const bool packed = dst_channel == 1 && dst_pixel == map.channels;
  for (int64_t p = 0; p < pixels; ++p, index += taps, weight += taps, dst += dst_pixel) {
    const Pixel x = Mapped(TapSum(src, index, weight, taps, map.channels), map);
    if (packed && (pixels - p) * map.channels >= 4) {
      StoreLanes(x, dst);
    } else {
      float lanes[4];
      StoreLanes(x, lanes);
      for (int c = 0; c < map.channels; ++c) dst[c * dst_channel] = lanes[c];
    }
  }
}

void SpreadMapU8(const float* src, const int32_t* index, const float* weight, int taps,
                 int64_t pixels, const PixelMap& map, uint8_t* dst, int64_t dst_pixel,
                 int64_t dst_channel) {
  const bool packed = dst_channel == 1 && dst_pixel == map.channels;
  for (int64_t p = 0; p < pixels; ++p, index += taps, weight += taps, dst += dst_pixel) {
    const uint32_t bytes = Bytes(Mapped(TapSum(src, index, weight, taps, map.channels), map));
    if (packed && (pixels - p) * map.channels >= 4) {
      memcpy(dst, &bytes, 4);
    } else {
      for (int c = 0; c < map.channels; ++c) {
        dst[c * dst_channel] = static_cast<uint8_t>(bytes >> (8 * c));
      }
    }
  }
}

ResizeFns AllResizeFns() {
  return {CombineRows<float>, CombineRows<uint8_t>, Spread, SpreadMapF32, SpreadMapU8, ToBytes};
}

}  // namespace
}  // namespace plumb::kernels
