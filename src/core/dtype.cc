#include "core/dtype.h"

#include <array>
#include <bit>

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

// Keeps `drop` low bits out of `value`, rounding to nearest, ties to even.
std::uint32_t RoundShift(std::uint32_t value, int drop) {
  const std::uint32_t half = std::uint32_t{1} << (drop - 1);
  const std::uint32_t odd = (value >> drop) & 1;
  return (value + half - 1 + odd) >> drop;
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

Float16::Float16(float value) {
  const auto word = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((word >> 16) & 0x8000);
  const std::uint32_t magnitude = word & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) {  // NaN: quiet, top payload bits kept
    bits = static_cast<std::uint16_t>(sign | 0x7E00 | ((magnitude >> 13) & 0x1FF));
  } else if (magnitude >= 0x477FF000) {  // 65520 and more round to infinity
    bits = sign | 0x7C00;
  } else if (magnitude >= 0x38800000) {  // normal: 2^-14 and more; the exponent bias is 112 less
    bits = static_cast<std::uint16_t>(sign | RoundShift(magnitude - (112u << 23), 13));
  } else if (magnitude > 0x33000000) {  // subnormal: more than 2^-25
    const std::uint32_t mantissa = (magnitude & 0x7FFFFF) | 0x800000;
    bits = static_cast<std::uint16_t>(
        sign | RoundShift(mantissa, 126 - static_cast<int>(magnitude >> 23)));
  } else {
    bits = sign;
  }
}

Float16::operator float() const {
  const std::uint32_t sign = std::uint32_t{bits & 0x8000u} << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1F;
  const std::uint32_t mantissa = bits & 0x3FF;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000 | mantissa << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
  const float magnitude = static_cast<float>(mantissa) * 0x1.0p-24f;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

BFloat16::BFloat16(float value) {
  const auto word = std::bit_cast<std::uint32_t>(value);
  const bool is_nan = (word & 0x7FFFFFFF) > 0x7F800000;
  bits = static_cast<std::uint16_t>(is_nan ? (word >> 16) | 0x40 : RoundShift(word, 16));
}

BFloat16::operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

}  // namespace plumb
