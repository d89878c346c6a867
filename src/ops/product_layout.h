// A matrix product on concrete shapes: every operand as a stack of matrices with strides.
#pragma once

#include <cstdint>

#include "core/shape.h"
#include "kernels/kernel.h"
#include "ops/matrix_product.h"

namespace plumb::ops {

// Strides count elements; 0 where a size is broadcast.
struct MatrixStack {
  Shape batch;
  std::int64_t rows = 1, cols = 1;
  std::int64_t row_stride = 0, col_stride = 0;
  Strides batch_strides;
};

// Operands over batch x rows of a x columns of b.
struct Product {
  ProductForm form;
  kernels::Epilogue epilogue;
  MatrixStack a, b;                            // transposed as `form` says
  bool a_is_row = false, b_is_column = false;  // vectors, whose dimension the result lacks
  Shape shape;                                 // of the result as the operator states it
};

// `strides` are those of the operands in memory. Errors: sizes that do not fit, attributes.
StatusOr<Product> ArrangeProduct(const AttrMap& attrs, const Shape& a, const Strides& a_strides,
                                 const Shape& b, const Strides& b_strides);

// Bias, residual or result of that product: a tensor that broadcasts to product.shape.
MatrixStack AddendStack(const Product& product, const Shape& shape, const Strides& strides);

}  // namespace plumb::ops
