// The inner loops of depthwise convolution: one block of output columns, all channels.
#pragma once

#include <cstdint>

#include "kernels/epilogue.h"

namespace plumb::kernels {

inline constexpr int kMaxDepthwiseColumns = 8;

// Output columns [0, columns) of one image row, channels last. Sums run over `rows` (the kernel
// rows inside the image), then over the kernel's columns. Column j reads the input columns j *
// stride + t * dilation of each row; those outside [inside_begin, inside_end) are padding.
struct DepthwiseBlock {
  const float* const* src;      // [rows] input column 0 of this block, may lie in the padding
  const float* const* weights;  // [rows] -> [taps][weight_step]
  std::int64_t rows;
  std::int64_t taps;
  std::int64_t stride;
  std::int64_t dilation;
  std::int64_t inside_begin;
  std::int64_t inside_end;
  std::int64_t src_step;  // between input columns
  std::int64_t weight_step;
  std::int64_t channels;
  const float* bias;      // [weight_step] or null
  const float* residual;  // or null
  std::int64_t residual_step;
  float* dst;
  std::int64_t dst_step;
  std::int64_t columns;
  float low;  // dst = max(low, min(high, x)); NaN stays
  float high;
};

using DepthwiseFn = void (*)(const DepthwiseBlock& block) noexcept;

// For kernels of three or five columns without dilation: run[stride - 1][columns], strides 1 and 2.
// DepthwiseAny* take every kernel and up to four columns.
struct DepthwiseTable {
  DepthwiseFn run[2][kMaxDepthwiseColumns + 1];
};
inline constexpr int kMaxAnyColumns = 4;

extern const DepthwiseTable kDepthwise3Avx512;
extern const DepthwiseTable kDepthwise5Avx512;
extern const DepthwiseTable kDepthwise3Avx2;
extern const DepthwiseTable kDepthwise5Avx2;
void DepthwiseAnyAvx512(const DepthwiseBlock& block) noexcept;
void DepthwiseAnyAvx2(const DepthwiseBlock& block) noexcept;
void DepthwiseAnyScalar(const DepthwiseBlock& block) noexcept;

}  // namespace plumb::kernels
