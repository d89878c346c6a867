// Products in a narrower type than their operands, for the fused operators: attribute `precision`
// "bf16" rounds both operands of every product to bf16 (half to even) and sums in fp32;
// `output_dtype` is the element type of the result, that of input 0 where it is not set.
#pragma once

#include <vector>

#include "graph/op_def.h"

namespace plumb::ops {

// The two attributes, for schemas.
std::vector<AttrDef> NarrowProductAttrs();

// The type of the products: kUndefined where they have that of the operands. Errors: an unknown
// name.
StatusOr<DType> ProductType(const AttrMap& attrs);

// The element type of output 0.
StatusOr<DType> ProductOutputType(const AttrMap& attrs, DType input);

// Inputs have one floating type, or narrow products. Errors name the input.
Status CheckProductTypes(const InferContext& context);

// `reference` on operands as the attributes say: rounded, in fp32; the result rounded to its type.
Status ReferenceNarrow(ReferenceContext& context, Status (*reference)(ReferenceContext&));

}  // namespace plumb::ops
