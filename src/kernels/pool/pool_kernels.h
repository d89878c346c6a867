// Inner loops of pooling: neighbouring output pixels, channels contiguous.
// Free of the standard library, for sources of one instruction set.
#pragma once

#include <stdint.h>

namespace plumb::kernels {

// Taps of an output pixel, and of those that follow in its row and have as many: offsets in
// elements from the image's first pixel to the inputs' pixels, as three ranges of equally spaced
// indices.
struct PoolWindow {
  const void* src;     // first tap, channel 0
  int64_t taps[3];     // depth, height, width; each at least 1
  int64_t strides[3];  // elements between taps
  int64_t pixels;
  int64_t src_step;  // elements between the windows of neighbours
  int64_t dst_step;  // and between their results
};

// dst[c] = reduce over the taps of src[... + c] for c < channels, for each pixel. `scale` is one
// over the divisor of the average; p is of the p-norm.
using PoolPixelsFn = void (*)(const PoolWindow& window, void* dst, int64_t channels, float scale,
                              int p);

// By element type: fp32, bf16, int8, uint8.
struct PoolPixelsFns {
  PoolPixelsFn max[4];
  PoolPixelsFn average[2];
  PoolPixelsFn lp[2];
};
PoolPixelsFns PoolPixelsScalar();
PoolPixelsFns PoolPixelsAvx2();
PoolPixelsFns PoolPixelsAvx512();

}  // namespace plumb::kernels
