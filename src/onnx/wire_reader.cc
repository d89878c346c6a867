#include "onnx/wire_reader.h"

namespace plumb::onnx {

bool TakeVarint(std::span<const std::byte>& bytes, std::uint64_t& value) {
  value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 10; ++i) {
    const auto byte = static_cast<std::uint64_t>(bytes[i]);
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      bytes = bytes.subspan(i + 1);
      return true;
    }
  }
  return false;
}

bool WireReader::Next(WireField& field) {
  if (rest_.empty() || failed_) return false;
  std::span<const std::byte> rest = rest_;
  std::uint64_t tag = 0;
  failed_ = true;
  if (!TakeVarint(rest, tag) || tag > UINT32_MAX || tag >> 3 == 0) return false;
  field.number = static_cast<std::uint32_t>(tag >> 3);
  field.type = static_cast<WireType>(tag & 7);
  const std::span<const std::byte> value = rest;
  std::uint64_t length = 0;
  switch (field.type) {
    case WireType::kVarint:
      if (!TakeVarint(rest, field.varint)) return false;
      length = static_cast<std::uint64_t>(rest.data() - value.data());
      rest = value;
      break;
    case WireType::kFixed64: length = 8; break;
    case WireType::kFixed32: length = 4; break;
    case WireType::kBytes:
      if (!TakeVarint(rest, length)) return false;
      break;
    default: return false;
  }
  if (length > rest.size()) return false;
  field.bytes = rest.first(static_cast<std::size_t>(length));
  rest = rest.subspan(static_cast<std::size_t>(length));
  field.whole = rest_.first(static_cast<std::size_t>(rest.data() - rest_.data()));
  rest_ = rest;
  failed_ = false;
  return true;
}

void AppendVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void AppendBytesHeader(std::string& out, std::uint32_t number, std::size_t length) {
  AppendVarint(out, (std::uint64_t{number} << 3) | 2);
  AppendVarint(out, length);
}

void AppendVarintField(std::string& out, std::uint32_t number, std::uint64_t value) {
  AppendVarint(out, std::uint64_t{number} << 3);
  AppendVarint(out, value);
}

}  // namespace plumb::onnx
