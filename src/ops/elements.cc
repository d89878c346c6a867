#include "ops/elements.h"

#include <cstring>
#include <string>

#include "core/check.h"

namespace plumb::ops {
namespace {

void CopyNibble(const void* src, std::int64_t from, void* dst, std::int64_t to) {
  const auto* in = static_cast<const std::uint8_t*>(src) + from / 2;
  auto* out = static_cast<std::uint8_t*>(dst) + to / 2;
  const int value = from % 2 == 0 ? *in & 0xf : *in >> 4;
  *out =
      static_cast<std::uint8_t>(to % 2 == 0 ? (*out & 0xf0) | value : (*out & 0x0f) | (value << 4));
}

}  // namespace

ElementCopier::ElementCopier(const Tensor& src, Tensor* dst)
    : src_(src.raw()), dst_(dst->mutable_raw()), dtype_(src.dtype()) {
  PLUMB_CHECK(src.dtype() == dst->dtype(), Str(DTypeName(src.dtype())), " to ",
              Str(DTypeName(dst->dtype())));
  const bool sub_byte = dtype_ == DType::kInt4 || dtype_ == DType::kUInt4;
  bytes_ = sub_byte ? 0 : StorageBytes(dtype_, 1);
}

void ElementCopier::Copy(std::int64_t from, std::int64_t to) const {
  const auto* in = static_cast<const std::byte*>(src_) + from * bytes_;
  auto* out = static_cast<std::byte*>(dst_) + to * bytes_;
  switch (bytes_) {
    case 0: CopyNibble(src_, from, dst_, to); return;
    case 1: *out = *in; return;
    case 2: std::memcpy(out, in, 2); return;
    case 4: std::memcpy(out, in, 4); return;
    case 8: std::memcpy(out, in, 8); return;
    default: break;
  }
  PLUMB_CHECK(dtype_ == DType::kString, Str(DTypeName(dtype_)));
  static_cast<std::string*>(dst_)[to] = static_cast<const std::string*>(src_)[from];
}

void FillElements(const Tensor& value, Tensor* dst) {
  const ElementCopier copier(value, dst);
  const std::int64_t count = dst->num_elements();
  for (std::int64_t i = 0; i < count; ++i) copier.Copy(0, i);
}

std::int64_t DotIndex(const Dims& index, const Strides& strides) {
  std::int64_t sum = 0;
  for (int axis = 0; axis < index.rank(); ++axis) sum += index[axis] * strides[axis];
  return sum;
}

}  // namespace plumb::ops
