// Inner loops of resizing. Free of the standard library, for sources of one instruction set.
#pragma once

#include <stdint.h>

namespace plumb::kernels {

// Maps a resized value to what an image stores: (x - mean[c]) * scale[c]; `channels` is 1 to 4.
struct PixelMap {
  float scale[4], shift[4];  // x * scale + shift
  int channels;
};

struct ResizeFns {
  // dst[i] = sum over k < count of weights[k] * rows[k][i], i < n.
  void (*combine_f32)(const float* const* rows, const float* weights, int count, int64_t n,
                      float* dst);
  void (*combine_u8)(const uint8_t* const* rows, const float* weights, int count, int64_t n,
                     float* dst);
  // dst[p * dst_pixel + c] = sum over t < taps of weight[p * taps + t] *
  //     src[(index[p * taps + t] - first) * channels + c], p < pixels, c < channels.
  void (*spread)(const float* src, const int32_t* index, int32_t first, const float* weight,
                 int taps, int64_t pixels, int64_t channels, float* dst, int64_t dst_pixel);
  // The same for one to four channels with a map, stored as fp32 or rounded to bytes. src may be
  // read three floats beyond its end; exactly the pixels are written.
  void (*spread_map_f32)(const float* src, const int32_t* index, const float* weight, int taps,
                         int64_t pixels, const PixelMap& map, float* dst, int64_t dst_pixel,
                         int64_t dst_channel);
  void (*spread_map_u8)(const float* src, const int32_t* index, const float* weight, int taps,
                        int64_t pixels, const PixelMap& map, uint8_t* dst, int64_t dst_pixel,
                        int64_t dst_channel);
  // dst[i] = src[i] rounded half to even, clamped to 0 ... 255.
  void (*to_bytes)(const float* src, int64_t n, uint8_t* dst);
};
ResizeFns ResizeScalar();
ResizeFns ResizeAvx2();
ResizeFns ResizeAvx512();

}  // namespace plumb::kernels
