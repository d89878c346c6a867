// Pooling over one to three spatial dimensions: maximum, average, p-norm; global ones are pools
// with the kernel as large as the image. Unused leading dimensions have size, kernel and stride 1.
//
//   out[n, c, o] = reduce over k of in[n, c, o * stride - pad_begin + k * dilation]
// Positions outside the image are left out. The average divides by the number of positions inside
// the image, or with count_include_pad by those inside the padded image. NaN in a window gives NaN.
//
// Channels-last (channel strides 1) is vectorised over channels; any other strides also work.
// Operands: src, dst, and for maximum with indices: int64 indices, strides of dst, each the flat
// row-major (or column-major) index into a packed [batch, channels, spatial...] tensor.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

enum class PoolKind : std::uint8_t { kMax, kAverage, kLp };

struct PoolProblem {
  PoolKind kind = PoolKind::kMax;
  DType dtype = DType::kFloat32;  // or bf16, fp64; maximum also int8, uint8
  std::int64_t batch = 1, channels = 1;
  // Depth, height, width.
  std::int64_t in_sizes[3] = {1, 1, 1}, out_sizes[3] = {1, 1, 1};
  std::int64_t kernel[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, dilation[3] = {1, 1, 1};
  std::int64_t pad_begin[3] = {0, 0, 0}, pad_end[3] = {0, 0, 0};
  bool count_include_pad = false;
  bool indices = false;
  bool column_major_indices = false;
  int p = 2;  // of kLp
  // Element strides.
  std::int64_t in_batch = 0, in_channel = 1, in_spatial[3] = {0, 0, 0};
  std::int64_t out_batch = 0, out_channel = 1, out_spatial[3] = {0, 0, 0};
};

// No workspace.
BoundKernel BindPool(const PoolProblem& problem, const Target& target);

}  // namespace plumb::kernels
