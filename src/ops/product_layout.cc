#include "ops/product_layout.h"

#include <utility>

#include "ops/activation.h"

namespace plumb::ops {
namespace {

// `vector_is_row`: how a rank-1 operand counts.
MatrixStack AsStack(const Shape& shape, const Strides& strides, bool transpose,
                    bool vector_is_row) {
  MatrixStack stack;
  const int rank = shape.rank();
  if (rank == 1) {
    (vector_is_row ? stack.cols : stack.rows) = shape[0];
    (vector_is_row ? stack.col_stride : stack.row_stride) = strides[0];
    return stack;
  }
  for (int i = 0; i < rank - 2; ++i) {
    stack.batch.Append(shape[i]);
    stack.batch_strides.Append(strides[i]);
  }
  stack.rows = shape[rank - 2];
  stack.cols = shape[rank - 1];
  stack.row_stride = strides[rank - 2];
  stack.col_stride = strides[rank - 1];
  if (transpose) {
    std::swap(stack.rows, stack.cols);
    std::swap(stack.row_stride, stack.col_stride);
  }
  return stack;
}

Strides StridesOver(const Shape& result, const Shape& operand, const Strides& strides) {
  Strides over(result.rank(), 0);
  const int lead = result.rank() - operand.rank();
  for (int i = 0; i < operand.rank(); ++i) {
    if (operand[i] != 1) over[lead + i] = strides[i];
  }
  return over;
}

MatrixStack Broadcast(MatrixStack stack, const Shape& batch) {
  stack.batch_strides = StridesOver(batch, stack.batch, stack.batch_strides);
  stack.batch = batch;
  return stack;
}

}  // namespace

StatusOr<Product> ArrangeProduct(const AttrMap& attrs, const Shape& a, const Strides& a_strides,
                                 const Shape& b, const Strides& b_strides) {
  Product product;
  product.form = ReadProductForm(attrs);
  PLUMB_ASSIGN_OR_RETURN(product.epilogue, ReadActivation(attrs));
  PLUMB_ASSIGN_OR_RETURN(const DimVector dims, ProductDims(ToDims(a), ToDims(b), product.form));
  product.shape = *ConcreteShape(dims);
  product.a_is_row = a.rank() == 1;
  product.b_is_column = b.rank() == 1;
  product.a = AsStack(a, a_strides, product.form.transpose_a, /*vector_is_row=*/true);
  product.b = AsStack(b, b_strides, product.form.transpose_b, /*vector_is_row=*/false);
  PLUMB_ASSIGN_OR_RETURN(const Shape batch, BroadcastShapes(product.a.batch, product.b.batch));
  product.a = Broadcast(product.a, batch);
  product.b = Broadcast(product.b, batch);
  return product;
}

MatrixStack AddendStack(const Product& product, const Shape& shape, const Strides& strides) {
  const Strides over = StridesOver(product.shape, shape, strides);
  MatrixStack stack;
  stack.rows = product.a.rows;
  stack.cols = product.b.cols;
  stack.batch = product.a.batch;
  stack.batch_strides = Strides(product.a.batch.rank(), 0);
  for (int i = 0; i < product.a.batch.rank(); ++i) stack.batch_strides[i] = over[i];
  int axis = product.a.batch.rank();
  stack.row_stride = product.a_is_row ? 0 : over[axis++];
  stack.col_stride = product.b_is_column ? 0 : over[axis];
  return stack;
}

}  // namespace plumb::ops
