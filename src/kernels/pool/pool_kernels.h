// Inner loops of pooling: one output pixel, channels contiguous.
// Free of the standard library, for sources of one instruction set.
#pragma once

#include <stdint.h>

namespace plumb::kernels {

// Taps of one output pixel: offsets in elements from the image's first pixel to the inputs' pixels,
// as three ranges of equally spaced indices.
struct PoolWindow {
  const float* src;    // first tap, channel 0
  int64_t taps[3];     // depth, height, width; each at least 1
  int64_t strides[3];  // elements between taps
};

// dst[c] = reduce over the taps of src[... + c] for c < channels. `scale` is one over the divisor
// of the average; p is of the p-norm.
using PoolPixelFn = void (*)(const PoolWindow& window, float* dst, int64_t channels, float scale,
                             int p);

struct PoolPixelFns {
  PoolPixelFn max, average, lp;
};
PoolPixelFns PoolPixelScalar();
PoolPixelFns PoolPixelAvx2();
PoolPixelFns PoolPixelAvx512();

}  // namespace plumb::kernels
