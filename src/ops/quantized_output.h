// What the integer products share: which inputs they have, and what becomes of a sum.
//   x = float(sum + bias) * float(x_scale w_scale / y_scale)
//   y = clamp(round(activation(x))) + y_zero_point, halves to even
// With a residual, inner_scale takes the place of y_scale and
//   x = clamp(round(x)) * float(inner_scale / y_scale)
//       + (residual - residual_zero_point) * float(residual_scale / y_scale)
// where clamp is to the type of inner_zero_point; with inner_scale alone, x is the first addend.
// Without y_scale, y = activation(x), a real number, with 1 for y_scale. Bounds of clip are divided
// by y_scale. The same floating-point operations, one rounding each, as kernels/dot/dot.h: the same
// result everywhere.
#pragma once

#include <vector>

#include "graph/op_def.h"
#include "kernels/dot/dot.h"
#include "ops/lower.h"
#include "ops/requantize.h"

namespace plumb::ops {

// Inputs of the fused operators, of which QLinearConv has the first nine.
enum QuantizedInput : int {
  kX,
  kXScale,
  kXZero,
  kW,
  kWScale,
  kWZero,
  kYScale,
  kYZero,
  kBias,
  kResidual,
  kResidualScale,
  kResidualZero,
  kInnerScale,
  kInnerZero,
  kQuantizedInputs
};
std::vector<Formal> QuantizedProductInputs();

DType QuantizedOutputType(const InferContext& context);

// Sets output 0 from exact sums (int64); scales of the weight and the bias are per index of `axis`.
Status WriteQuantized(ReferenceContext& context, const Tensor& sums, int axis);

// Whether a product with inner_scale `from` and y_scale `to`, without a residual, is one that ends
// in `from` with a Requantize behind it, bit by bit. A relu before `from` may come after it then.
bool ProductRequantizes(const ByteScale& from, const ByteScale& to);

// Candidates of kernels/dot where all scales are constants.
Status LowerQuantizedConv(LowerContext& context);
Status LowerQuantizedMatMul(LowerContext& context);

}  // namespace plumb::ops
