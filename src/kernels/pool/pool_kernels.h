// Inner loops of pooling: one output pixel, channels contiguous.
// Free of the standard library, for sources of one instruction set.
#pragma once

#include <stdint.h>

namespace plumb::kernels {

// Taps of one output pixel: offsets in elements from the image's first pixel to the inputs' pixels,
// as three ranges of equally spaced indices.
struct PoolWindow {
  const void* src;     // first tap, channel 0
  int64_t taps[3];     // depth, height, width; each at least 1
  int64_t strides[3];  // elements between taps
};

// dst[c] = reduce over the taps of src[... + c] for c < channels. `scale` is one over the divisor
// of the average; p is of the p-norm.
using PoolPixelFn = void (*)(const PoolWindow& window, void* dst, int64_t channels, float scale,
                             int p);

// By element type: fp32, bf16, int8, uint8.
struct PoolPixelFns {
  PoolPixelFn max[4];
  PoolPixelFn average[2];
  PoolPixelFn lp[2];
};
PoolPixelFns PoolPixelScalar();
PoolPixelFns PoolPixelAvx2();
PoolPixelFns PoolPixelAvx512();

}  // namespace plumb::kernels
