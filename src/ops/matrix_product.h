// Matrix products as MatMul, Gemm and FusedMatMul share them:
//   y = activation(alpha * op(a) op(b) + beta * bias + residual)
// over the last two dimensions, the leading ones broadcast; a vector `a` is a row and a vector `b`
// a column that leave no dimension behind, as in numpy.
#pragma once

#include "graph/op_def.h"
#include "ops/lower.h"

namespace plumb::ops {

// Which attributes a node has follows from its operator; absent ones have their neutral value.
struct ProductForm {
  bool transpose_a = false, transpose_b = false;
  float alpha = 1, beta = 1;
};
ProductForm ReadProductForm(const AttrMap& attrs);

// Dims of the product. Errors name the sizes that differ.
StatusOr<DimVector> ProductDims(const DimVector& a, const DimVector& b, const ProductForm& form);

// Inputs a, b, bias (optional, broadcast to the product), residual (optional, of its shape).
Status InferProduct(InferContext& context);
Status ReferenceProduct(ReferenceContext& context);
Cost ProductCost(const ConcreteNode& node);
Status LowerProduct(LowerContext& context);

// Folds y = scale * product + shift, per column of a constant b, into b and the bias (input 2).
// Only for a node whose product has two dimensions, where columns are axis 1.
bool AbsorbAffineIntoProduct(Graph& graph, NodeId node, const ChannelAffine& affine);

}  // namespace plumb::ops
