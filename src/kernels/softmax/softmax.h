// Softmax, log-softmax and hardmax along one axis of a strided tensor, fp32 and float64.
//
//   softmax:     y = exp(x - m) / sum exp(x - m), m the maximum of the row
//   log-softmax: y = x - m - log(sum exp(x - m))
//   hardmax:     1 at the first maximum, else 0
// Rows run in parallel; a row is summed in a fixed order. A row of -inf only, or with a NaN or
// +inf, gives NaN, as the formula does.
//
// dst may be src with the same strides. Operands: src, dst.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "core/shape.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

enum class SoftmaxKind : std::uint8_t { kSoftmax, kLogSoftmax, kHardmax };

struct SoftmaxProblem {
  SoftmaxKind kind = SoftmaxKind::kSoftmax;
  DType dtype = DType::kFloat32;
  Shape sizes;  // at most 6 dimensions besides the axis are left after merging contiguous ones
  int axis = 0;
  Strides src_strides, dst_strides;  // elements
};

BoundKernel BindSoftmax(const SoftmaxProblem& problem, const Target& target);

}  // namespace plumb::kernels
