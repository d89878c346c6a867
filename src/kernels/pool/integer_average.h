// The mean of each image of 8-bit integers, quantised again: what lies between the last convolution
// and the classifier of a quantised network.
//
//   y[n, c] = clamp(round(float(sum over pixels of (x[n, c, p] - x_zero)) * scale)) + y_zero
// with the exact sum, halves to even, clamped to the type of y; y_zero where the product is no
// number. scale is float(x_scale / (y_scale *
// pixels)). The same on every machine.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

struct IntegerAverageProblem {
  DType src = DType::kUInt8, dst = DType::kUInt8;  // or int8
  std::int64_t batch = 1, channels = 1;
  std::int64_t sizes[3] = {1, 1, 1};  // depth, height, width
  // Element strides.
  std::int64_t in_batch = 0, in_channel = 1, in_spatial[3] = {0, 0, 0};
  std::int64_t out_batch = 0, out_channel = 1;
  int x_zero = 0, y_zero = 0;
  float scale = 1;
};

// Operands: src, dst. No workspace.
BoundKernel BindIntegerAverage(const IntegerAverageProblem& problem);

// What becomes of a sum that the zero point is taken from.
int AverageOfSum(std::int64_t sum, float scale, int zero, DType type);

}  // namespace plumb::kernels
