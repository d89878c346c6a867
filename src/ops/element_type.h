// The numbers by which attributes of the ONNX operators (`to` of Cast, `dtype` of others) name
// element types.
#pragma once

#include <cstdint>

#include "core/dtype.h"

namespace plumb::ops {

// Errors: a number that names no element type that tensors here can have.
StatusOr<DType> ElementTypeFromCode(std::int64_t code);
std::int64_t CodeOfElementType(DType type);

}  // namespace plumb::ops
