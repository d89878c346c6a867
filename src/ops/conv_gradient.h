// Parts of the gradients of convolutions.
#pragma once

#include <vector>

#include "ops/expression.h"

namespace plumb::ops {

// Sets the gradient of input 2, the bias: dy summed over all but the channels. Nothing is set where
// the bias is omitted. Error: a rank that is not known.
Status SetBiasGradient(GradientContext& context, const Expr& dy);

// Infers output 0 with the type of input 0 and the shape that the int64 vector `input` holds.
Status InferShapeGiven(InferContext& context, int input);

// The shape that the int64 vector holds.
StatusOr<Shape> ReadShape(const Tensor& sizes);

}  // namespace plumb::ops
