// Reads the protobuf wire format field by field, without copying. Private to this room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace plumb::onnx {

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct WireField {
  std::uint32_t number = 0;
  WireType type = WireType::kVarint;
  std::uint64_t varint = 0;          // of kVarint
  std::span<const std::byte> bytes;  // kBytes: the contents; else the encoded value
  std::span<const std::byte> whole;  // with the tag
};

// Walks the fields of one message. A malformed one ends the walk: failed() tells.
class WireReader {
 public:
  explicit WireReader(std::span<const std::byte> message) : rest_(message) {}
  bool Next(WireField& field);  // false at the end and on malformed bytes
  bool failed() const { return failed_; }
  const std::byte* position() const { return rest_.data(); }  // of the field that failed

 private:
  std::span<const std::byte> rest_;
  bool failed_ = false;
};

// Takes a varint off the front of `bytes`; false when it is cut off or longer than ten bytes.
bool TakeVarint(std::span<const std::byte>& bytes, std::uint64_t& value);

void AppendVarint(std::string& out, std::uint64_t value);
// Tag and length of a length-delimited field, or tag and value of a varint.
void AppendBytesHeader(std::string& out, std::uint32_t number, std::size_t length);
void AppendVarintField(std::string& out, std::uint32_t number, std::uint64_t value);

}  // namespace plumb::onnx
