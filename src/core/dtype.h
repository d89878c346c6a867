// Element types. Bytes are asked of the type, never counted as elements times a size.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/status.h"

namespace plumb {

enum class DType : std::uint8_t {
  kUndefined,
  kFloat32,
  kFloat64,
  kFloat16,
  kBFloat16,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kBool,
  kString,
  kInt4,  // two to a byte, low nibble first
  kUInt4,
};

// Short lower-case name, as the text form writes it: "f32", "i64", "bool", "str", "u4".
std::string_view DTypeName(DType type);
StatusOr<DType> ParseDType(std::string_view name);

// Bytes that `elements` packed elements take; int4 rounds up to a whole byte. kString counts the
// std::string objects. PLUMB_CHECKs that the type is defined.
std::int64_t StorageBytes(DType type, std::int64_t elements);

bool IsFloating(DType type);  // f64 f32 f16 bf16
bool IsInteger(DType type);   // signed and unsigned, not bool
bool IsSigned(DType type);

// bf16 and f16 are stored as these; conversions round to nearest even and keep NaN a NaN.
struct Float16 {
  std::uint16_t bits = 0;
  Float16() = default;
  explicit Float16(float value);
  explicit operator float() const;
};
struct BFloat16 {
  std::uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(float value);
  explicit operator float() const;
};

// DTypeOf<T>::value for the C++ types that store one element each.
template <typename T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::kFloat32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::kFloat64;
};
template <>
struct DTypeOf<Float16> {
  static constexpr DType value = DType::kFloat16;
};
template <>
struct DTypeOf<BFloat16> {
  static constexpr DType value = DType::kBFloat16;
};
template <>
struct DTypeOf<std::int8_t> {
  static constexpr DType value = DType::kInt8;
};
template <>
struct DTypeOf<std::int16_t> {
  static constexpr DType value = DType::kInt16;
};
template <>
struct DTypeOf<std::int32_t> {
  static constexpr DType value = DType::kInt32;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::kInt64;
};
template <>
struct DTypeOf<std::uint8_t> {
  static constexpr DType value = DType::kUInt8;
};
template <>
struct DTypeOf<std::uint16_t> {
  static constexpr DType value = DType::kUInt16;
};
template <>
struct DTypeOf<std::uint32_t> {
  static constexpr DType value = DType::kUInt32;
};
template <>
struct DTypeOf<std::uint64_t> {
  static constexpr DType value = DType::kUInt64;
};
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::kBool;
};
template <>
struct DTypeOf<std::string> {
  static constexpr DType value = DType::kString;
};

// Calls fn(T{}) with the C++ type of a number type (float, double, Float16, BFloat16, intN, uintN,
// bool), or returns `otherwise` for strings and sub-byte types. `fn` returns the type of
// `otherwise`.
template <typename Fn, typename R>
R VisitNumber(DType type, Fn&& fn, R otherwise) {
  switch (type) {
    case DType::kFloat32: return fn(float{});
    case DType::kFloat64: return fn(double{});
    case DType::kFloat16: return fn(Float16{});
    case DType::kBFloat16: return fn(BFloat16{});
    case DType::kInt8: return fn(std::int8_t{});
    case DType::kInt16: return fn(std::int16_t{});
    case DType::kInt32: return fn(std::int32_t{});
    case DType::kInt64: return fn(std::int64_t{});
    case DType::kUInt8: return fn(std::uint8_t{});
    case DType::kUInt16: return fn(std::uint16_t{});
    case DType::kUInt32: return fn(std::uint32_t{});
    case DType::kUInt64: return fn(std::uint64_t{});
    case DType::kBool: return fn(bool{});
    default: return otherwise;
  }
}

}  // namespace plumb
