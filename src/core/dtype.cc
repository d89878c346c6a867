#include "core/dtype.h"

#include <array>

#include "core/check.h"

namespace plumb {
namespace {

struct DTypeRow {
  std::string_view name;
  int bits;  // of one element; strings count the object
};

// Indexed by DType.
constexpr std::array<DTypeRow, 17> kRows = {{{"undefined", 0},
                                             {"f32", 32},
                                             {"f64", 64},
                                             {"f16", 16},
                                             {"bf16", 16},
                                             {"i8", 8},
                                             {"i16", 16},
                                             {"i32", 32},
                                             {"i64", 64},
                                             {"u8", 8},
                                             {"u16", 16},
                                             {"u32", 32},
                                             {"u64", 64},
                                             {"bool", 8},
                                             {"str", 8 * sizeof(std::string)},
                                             {"i4", 4},
                                             {"u4", 4}}};

const DTypeRow& Row(DType type) {
  const auto index = static_cast<std::size_t>(type);
  PLUMB_CHECK(index < kRows.size(), "element type ", index);
  return kRows[index];
}

}  // namespace

std::string_view DTypeName(DType type) { return Row(type).name; }

StatusOr<DType> ParseDType(std::string_view name) {
  std::string known;
  for (std::size_t i = 1; i < kRows.size(); ++i) {
    if (kRows[i].name == name) return static_cast<DType>(i);
    absl::StrAppend(&known, i == 1 ? "" : " ", Str(kRows[i].name));
  }
  return InvalidArgument("unknown element type '", Str(name), "'; expected one of: ", known);
}

std::int64_t StorageBytes(DType type, std::int64_t elements) {
  PLUMB_CHECK(type != DType::kUndefined && elements >= 0, "type ", Str(DTypeName(type)), ", ",
              elements, " elements");
  const int bits = Row(type).bits;
  if (bits < 8) return elements / 2 + elements % 2;
  std::int64_t bytes = 0;
  PLUMB_CHECK(!__builtin_mul_overflow(elements, std::int64_t{bits / 8}, &bytes), elements,
              " elements");
  return bytes;
}

bool IsFloating(DType type) {
  return type == DType::kFloat32 || type == DType::kFloat64 || type == DType::kFloat16 ||
         type == DType::kBFloat16;
}

bool IsInteger(DType type) {
  switch (type) {
    case DType::kInt4:
    case DType::kInt8:
    case DType::kInt16:
    case DType::kInt32:
    case DType::kInt64:
    case DType::kUInt4:
    case DType::kUInt8:
    case DType::kUInt16:
    case DType::kUInt32:
    case DType::kUInt64: return true;
    default: return false;
  }
}

bool IsSigned(DType type) {
  switch (type) {
    case DType::kInt4:
    case DType::kInt8:
    case DType::kInt16:
    case DType::kInt32:
    case DType::kInt64: return true;
    default: return IsFloating(type);
  }
}

}  // namespace plumb
