// Resizing of camera images, uint8 rows of interleaved channels, into uint8 or normalised fp32.
//
//   y = (x - mean[c]) * scale[c], x the resized value in 0 ... 255
// kBilinear samples at half-pixel centres; kArea averages the pixels that a target pixel covers
// (any ratio; 2:1 has a loop of its own). uint8 results are rounded to nearest.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/target.h"
#include "core/thread_pool.h"

namespace plumb::kernels {

enum class ImageFilter : std::uint8_t { kBilinear, kArea };

struct ImageResize {
  ImageFilter filter = ImageFilter::kBilinear;
  std::int64_t in_height = 0, in_width = 0, out_height = 0, out_width = 0;
  int channels = 3;               // 1 to 4
  std::int64_t in_row_bytes = 0;  // distance of rows
  std::int64_t out_row_elements = 0;
  std::int64_t out_pixel_elements = 0;  // distance of pixels: channels for packed, more when padded
  std::int64_t out_channel_elements = 1;  // 1: channels-last; the plane size: planar
  bool swap_red_blue = false;             // channels 0 and 2 change places
  float mean[4] = {0, 0, 0, 0};
  float scale[4] = {1, 1, 1, 1};
};

// src: in_height rows of in_width * channels bytes; dst as described. Sizes are at least 1
// (PLUMB_CHECKed). Uses the pool; allocates tables of weights per call and a row of sums per task.
void ResizeImage(const ImageResize& resize, const std::uint8_t* src, float* dst,
                 const Target& target, ThreadPool* pool);
void ResizeImage(const ImageResize& resize, const std::uint8_t* src, std::uint8_t* dst,
                 const Target& target, ThreadPool* pool);

}  // namespace plumb::kernels
