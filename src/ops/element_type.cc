#include "ops/element_type.h"

#include <array>
#include <utility>

namespace plumb::ops {
namespace {

constexpr std::array<std::pair<int, DType>, 16> kCodes = {{
    {1, DType::kFloat32},
    {2, DType::kUInt8},
    {3, DType::kInt8},
    {4, DType::kUInt16},
    {5, DType::kInt16},
    {6, DType::kInt32},
    {7, DType::kInt64},
    {8, DType::kString},
    {9, DType::kBool},
    {10, DType::kFloat16},
    {11, DType::kFloat64},
    {12, DType::kUInt32},
    {13, DType::kUInt64},
    {16, DType::kBFloat16},
    {21, DType::kUInt4},
    {22, DType::kInt4},
}};

}  // namespace

StatusOr<DType> ElementTypeFromCode(std::int64_t code) {
  for (const auto& [number, type] : kCodes) {
    if (number == code) return type;
  }
  return InvalidArgument("element type code ", code,
                         " is not supported; expected 1 to 13 (f32 u8 i8 u16 i16 i32 i64 str bool "
                         "f16 f64 u32 u64), 16 (bf16), 21 (u4) or 22 (i4)");
}

std::int64_t CodeOfElementType(DType type) {
  for (const auto& [number, known] : kCodes) {
    if (known == type) return number;
  }
  return 0;
}

}  // namespace plumb::ops
