#include "onnx/element_type.h"

#include <array>

#include "core/check.h"

namespace plumb::onnx {
namespace {

struct Row {
  const char* name;
  DType dtype;  // kUndefined: not supported
};

// Indexed by TensorProto.DataType.
constexpr std::array<Row, 25> kRows = {{{"UNDEFINED", DType::kUndefined},
                                        {"FLOAT", DType::kFloat32},
                                        {"UINT8", DType::kUInt8},
                                        {"INT8", DType::kInt8},
                                        {"UINT16", DType::kUInt16},
                                        {"INT16", DType::kInt16},
                                        {"INT32", DType::kInt32},
                                        {"INT64", DType::kInt64},
                                        {"STRING", DType::kString},
                                        {"BOOL", DType::kBool},
                                        {"FLOAT16", DType::kFloat16},
                                        {"DOUBLE", DType::kFloat64},
                                        {"UINT32", DType::kUInt32},
                                        {"UINT64", DType::kUInt64},
                                        {"COMPLEX64", DType::kUndefined},
                                        {"COMPLEX128", DType::kUndefined},
                                        {"BFLOAT16", DType::kBFloat16},
                                        {"FLOAT8E4M3FN", DType::kUndefined},
                                        {"FLOAT8E4M3FNUZ", DType::kUndefined},
                                        {"FLOAT8E5M2", DType::kUndefined},
                                        {"FLOAT8E5M2FNUZ", DType::kUndefined},
                                        {"UINT4", DType::kUInt4},
                                        {"INT4", DType::kInt4},
                                        {"FLOAT4E2M1", DType::kUndefined},
                                        {"FLOAT8E8M0", DType::kUndefined}}};

}  // namespace

std::string ElementTypeName(std::int32_t code) {
  const bool known = code >= 0 && code < static_cast<std::int32_t>(kRows.size());
  return known ? kRows[static_cast<std::size_t>(code)].name : absl::StrCat(code);
}

StatusOr<DType> DTypeOfCode(std::int32_t code) {
  if (code == 0) return InvalidArgument("element type is missing");
  const bool known = code > 0 && code < static_cast<std::int32_t>(kRows.size());
  const DType dtype = known ? kRows[static_cast<std::size_t>(code)].dtype : DType::kUndefined;
  if (dtype != DType::kUndefined) return dtype;
  return Unimplemented("element type ", ElementTypeName(code), " is not supported");
}

std::int32_t CodeOfDType(DType dtype) {
  for (std::size_t code = 1; code < kRows.size(); ++code) {
    if (kRows[code].dtype == dtype) return static_cast<std::int32_t>(code);
  }
  PLUMB_CHECK(false, "element type ", static_cast<int>(dtype));
}

}  // namespace plumb::onnx
