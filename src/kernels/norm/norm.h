// Normalisations over fp32: rows (LayerNorm, RMSNorm), channels (a scale and shift per channel),
// groups (InstanceNorm, GroupNorm), across channels (LRN) and by a p-norm.
//
// Means and variances are two-pass over a row or group that is in cache; sums are split in a way
// that depends on the sizes alone. dst may be src with the same strides, but for LRN.
#pragma once

#include <cstdint>

#include "core/shape.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

// Rows of `length` contiguous elements. LayerNorm: (x - mean) / sqrt(var + epsilon) * gamma + beta;
// with rms: x / sqrt(mean of squares + epsilon) * gamma + beta.
// Operands: src, gamma [length] (if has_gamma), beta [length] (if has_beta), residual (if
// has_residual: strides of src, x is src + residual), dst, mean [rows] (if has_mean), inverse
// deviation [rows] (if has_inv_std), sum (if has_sum: src + residual, strides of src).
struct LayerNormProblem {
  bool rms = false;
  bool has_gamma = true, has_beta = true, has_residual = false;
  bool has_mean = false, has_inv_std = false, has_sum = false;
  float epsilon = 1e-5f;
  std::int64_t length = 0;
  Shape outer;                   // dimensions that enumerate the rows, any number of them
  Strides src_outer, dst_outer;  // element strides of those
};
BoundKernel BindLayerNorm(const LayerNormProblem& problem, const Target& target);

// y = activation(x * scale[c] + shift[c]) for [batch, channels, pixels]; pixels may be two strided
// dimensions (height, width).
// Operands: src, scale [channels], shift [channels], dst.
struct ChannelAffineProblem {
  std::int64_t batch = 1, channels = 1, height = 1, width = 1;
  std::int64_t src_batch = 0, src_channel = 1, src_row = 0, src_pixel = 0;
  std::int64_t dst_batch = 0, dst_channel = 1, dst_row = 0, dst_pixel = 0;
  Activation activation = Activation::kNone;
  float alpha = 0, beta = 0;  // of the activation
};
BoundKernel BindChannelAffine(const ChannelAffineProblem& problem, const Target& target);

// y = activation((x - mean) / sqrt(var + epsilon) * scale[c] + shift[c]), mean and variance over
// the pixels of channels / groups neighbouring channels of one image. groups = channels:
// InstanceNorm. Operands: src, scale [channels] (if has_scale), shift [channels] (if has_shift),
// dst. Workspace: as BoundKernel says.
struct GroupNormProblem {
  std::int64_t batch = 1, channels = 1, groups = 1, pixels = 1;
  std::int64_t src_batch = 0, src_channel = 1, src_pixel = 0;
  std::int64_t dst_batch = 0, dst_channel = 1, dst_pixel = 0;
  bool has_scale = true, has_shift = true;
  float epsilon = 1e-5f;
  Activation activation = Activation::kNone;
  float alpha = 0, beta = 0;
};
BoundKernel BindGroupNorm(const GroupNormProblem& problem, const Target& target);

// Local response normalisation across channels:
//   y = x / (bias + alpha / size * sum over channels c - floor((size-1)/2) ... c + ceil((size-1)/2)
//            of x^2) ^ beta
// Squares are summed in fp32 along contiguous channels or pixels, in fp64 for other strides: they
// overflow at different magnitudes (|x| above 1e18). Powers 0.5, 0.75 and 1 use square roots and
// divisions. dst overlaps no part of src. Operands: src, dst.
struct LrnProblem {
  std::int64_t batch = 1, channels = 1, pixels = 1;
  std::int64_t src_batch = 0, src_channel = 1, src_pixel = 0;
  std::int64_t dst_batch = 0, dst_channel = 1, dst_pixel = 0;
  int size = 5;
  float alpha = 1e-4f, beta = 0.75f, bias = 1.0f;
};
BoundKernel BindLrn(const LrnProblem& problem, const Target& target);

// y = x / norm_p(x along axis), p = 1 or 2; a norm of 0 gives 0 where `zero_is_zero`, else NaN.
// Operands: src, dst.
struct LpNormProblem {
  int p = 2;
  bool zero_is_zero = true;
  Shape sizes;
  int axis = 0;
  Strides src_strides, dst_strides;
};
BoundKernel BindLpNorm(const LpNormProblem& problem, const Target& target);

}  // namespace plumb::kernels
