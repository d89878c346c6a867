#include "onnx/tensor_decode.h"

#include <bit>
#include <cstring>

namespace plumb::onnx {
namespace {

static_assert(std::endian::native == std::endian::little, "ONNX stores elements little-endian");

constexpr std::uint32_t kFloatData = 4, kInt32Data = 5, kStringData = 6, kInt64Data = 7,
                        kRawData = 9, kDoubleData = 10, kUInt64Data = 11;

// The field that holds elements of a type when there is no raw_data, by the standard.
std::uint32_t FieldOf(DType dtype) {
  switch (dtype) {
    case DType::kFloat32: return kFloatData;
    case DType::kFloat64: return kDoubleData;
    case DType::kString: return kStringData;
    case DType::kInt64: return kInt64Data;
    case DType::kUInt32:
    case DType::kUInt64: return kUInt64Data;
    default: return kInt32Data;
  }
}

Status WrongCount(std::int64_t found, const Shape& shape, std::int64_t expected) {
  return InvalidArgument("has ", found, " elements, shape ", shape.ToString(), " needs ", expected);
}

// Elements in the order stored, of fixed width: packed runs or single values.
StatusOr<Tensor> DecodeFixed(DType dtype, const Shape& shape, const Payload& payload,
                             std::uint32_t field, const std::shared_ptr<const void>& owner) {
  std::size_t bytes = 0;
  const Payload::Piece* only = nullptr;
  int pieces = 0;
  for (const Payload::Piece& piece : payload.pieces) {
    if (piece.field != field) continue;
    if (piece.type == WireType::kVarint) return InvalidArgument("has malformed elements");
    bytes += piece.bytes.size();
    only = &piece;
    ++pieces;
  }
  const auto width = static_cast<std::size_t>(StorageBytes(dtype, 1));
  const std::int64_t count = NumElements(shape);
  if (bytes != width * static_cast<std::size_t>(count)) {
    return WrongCount(static_cast<std::int64_t>(bytes / width), shape, count);
  }
  if (pieces == 1) return DecodeRaw(dtype, shape, only->bytes, owner);
  PLUMB_ASSIGN_OR_RETURN(Tensor tensor, Tensor::TryAllocate(dtype, shape));
  auto* out = static_cast<std::byte*>(tensor.mutable_raw());
  for (const Payload::Piece& piece : payload.pieces) {
    if (piece.field != field || piece.bytes.empty()) continue;
    std::memcpy(out, piece.bytes.data(), piece.bytes.size());
    out += piece.bytes.size();
  }
  return tensor;
}

// Calls fn(value) for each varint; false when one is malformed.
template <typename Fn>
bool ForEachVarint(const Payload& payload, std::uint32_t field, Fn&& fn) {
  for (const Payload::Piece& piece : payload.pieces) {
    if (piece.field != field) continue;
    if (piece.type != WireType::kBytes && piece.type != WireType::kVarint) return false;
    std::span<const std::byte> rest = piece.bytes;
    std::uint64_t value = 0;
    while (!rest.empty()) {
      if (!TakeVarint(rest, value)) return false;
      fn(value);
    }
  }
  return true;
}

template <typename T>
T ElementOf(std::uint64_t value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value != 0;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(value);
  } else {  // halves are stored as their bits
    T element;
    if constexpr (sizeof(T) == 2) element.bits = static_cast<std::uint16_t>(value);
    return element;
  }
}

StatusOr<Tensor> DecodeVarints(DType dtype, const Shape& shape, const Payload& payload,
                               std::uint32_t field) {
  std::int64_t found = 0;
  if (!ForEachVarint(payload, field, [&found](std::uint64_t) { ++found; })) {
    return InvalidArgument("has malformed elements");
  }
  const std::int64_t count = NumElements(shape);
  const bool nibbles = dtype == DType::kInt4 || dtype == DType::kUInt4;
  if (found != (nibbles ? StorageBytes(dtype, count) : count)) {
    return WrongCount(found, shape, count);
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor tensor, Tensor::TryAllocate(dtype, shape));
  if (nibbles) {
    auto* out = static_cast<unsigned char*>(tensor.mutable_raw());
    ForEachVarint(payload, field,
                  [&out](std::uint64_t value) { *out++ = static_cast<unsigned char>(value); });
    return tensor;
  }
  VisitNumber(
      dtype,
      [&]<typename T>(T) {
        T* out = tensor.mutable_data<T>().data();
        return ForEachVarint(payload, field,
                             [&out](std::uint64_t value) { *out++ = ElementOf<T>(value); });
      },
      false);
  return tensor;
}

StatusOr<Tensor> DecodeStrings(const Shape& shape, const Payload& payload) {
  std::int64_t found = 0;
  for (const Payload::Piece& piece : payload.pieces) found += piece.field == kStringData;
  if (found != NumElements(shape)) return WrongCount(found, shape, NumElements(shape));
  PLUMB_ASSIGN_OR_RETURN(Tensor tensor, Tensor::TryAllocate(DType::kString, shape));
  std::string* out = tensor.mutable_data<std::string>().data();
  for (const Payload::Piece& piece : payload.pieces) {
    if (piece.field != kStringData) continue;
    if (piece.type != WireType::kBytes) return InvalidArgument("has malformed elements");
    (out++)->assign(reinterpret_cast<const char*>(piece.bytes.data()), piece.bytes.size());
  }
  return tensor;
}

}  // namespace

StatusOr<Tensor> DecodeRaw(DType dtype, const Shape& shape, std::span<const std::byte> bytes,
                           const std::shared_ptr<const void>& owner) {
  if (dtype == DType::kString) return InvalidArgument("strings cannot be stored as raw data");
  const std::int64_t needed = StorageBytes(dtype, NumElements(shape));
  if (static_cast<std::int64_t>(bytes.size()) != needed) {
    return InvalidArgument("has ", bytes.size(), " bytes of data, ", Str(DTypeName(dtype)), " ",
                           shape.ToString(), " needs ", needed);
  }
  // A bool of another value than 0 and 1 must not be read as one, so they are copied and mended.
  if (owner != nullptr && dtype != DType::kBool && needed > 0) {
    return Tensor::Map(dtype, shape, bytes.data(), owner);
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor tensor, Tensor::TryAllocate(dtype, shape));
  if (needed > 0) std::memcpy(tensor.mutable_raw(), bytes.data(), bytes.size());
  if (dtype == DType::kBool) {
    auto* element = static_cast<unsigned char*>(tensor.mutable_raw());
    for (std::int64_t i = 0; i < needed; ++i) element[i] = element[i] != 0;
  }
  return tensor;
}

StatusOr<Tensor> DecodeTensor(DType dtype, const Shape& shape, const Payload& payload,
                              const std::shared_ptr<const void>& owner) {
  const Payload::Piece* raw = nullptr;
  for (const Payload::Piece& piece : payload.pieces) {
    if (piece.field == kRawData) raw = &piece;
  }
  if (raw != nullptr) {
    if (raw->type != WireType::kBytes) return InvalidArgument("has malformed elements");
    return DecodeRaw(dtype, shape, raw->bytes, owner);
  }
  const std::uint32_t field = FieldOf(dtype);
  if (field == kFloatData || field == kDoubleData) {
    return DecodeFixed(dtype, shape, payload, field, owner);
  }
  if (field == kStringData) return DecodeStrings(shape, payload);
  return DecodeVarints(dtype, shape, payload, field);
}

}  // namespace plumb::onnx
