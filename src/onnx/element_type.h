// Element types by their ONNX codes. Private to this room.
#pragma once

#include <cstdint>
#include <string>

#include "core/dtype.h"

namespace plumb::onnx {

// Errors name the type: "element type FLOAT8E5M2 is not supported".
StatusOr<DType> DTypeOfCode(std::int32_t code);
std::int32_t CodeOfDType(DType dtype);
std::string ElementTypeName(std::int32_t code);  // "FLOAT", "INT64", "99"

}  // namespace plumb::onnx
