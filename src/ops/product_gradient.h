// Gradients of matrix products, built from matrix products.
#pragma once

#include "ops/expression.h"
#include "ops/matrix_product.h"

namespace plumb::ops {

// Sets the gradients of inputs 0 and 1 for y = alpha * op(a) op(b), given dy. Error: an input whose
// rank is not known.
Status ProductGradient(GradientContext& context, const Expr& dy, const ProductForm& form);

}  // namespace plumb::ops
