// Integer matrix products and convolutions, zero points taken off first.
#pragma once

#include "graph/op_def.h"

namespace plumb::ops {

// Which inputs hold an operand and its zero point.
struct QuantizedOperand {
  int values = 0;
  int zero_point = 0;
};

// Output 0 has the dims of the product of inputs `a` and `b`, and this type.
Status InferQuantizedProduct(InferContext& context, int a, int b, DType type);
// Output 0 has the dims of the convolution of input `x` with weight `w`, and this type.
Status InferQuantizedConv(InferContext& context, int x, int w, DType type);

// Exact results as int64. Zero points: per tensor, per row of a, per column of b, per output
// channel of w.
StatusOr<Tensor> QuantizedProduct(const ReferenceContext& context, QuantizedOperand a,
                                  QuantizedOperand b);
StatusOr<Tensor> QuantizedConv(const ReferenceContext& context, QuantizedOperand x,
                               QuantizedOperand w);

}  // namespace plumb::ops
