// Numbers and texts as the bytes of a file of compiled models: as this machine stores them, because
// no other reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/status.h"

namespace plumb::engine {

inline std::span<const std::byte> AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class ByteWriter {
 public:
  template <typename T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void Put(T value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value)); }
  void PutText(std::string_view text) {
    Put(static_cast<std::uint32_t>(text.size()));
    bytes_.append(text);
  }
  void PutCount(std::size_t count) { Put(static_cast<std::uint32_t>(count)); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads what ByteWriter wrote, never beyond the end: from there on everything is zero or empty, and
// status() is an error.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : left_(bytes) {}

  template <typename T>
  requires std::is_arithmetic_v<T> T Take() {
    T value{};
    if (const std::byte* from = Next(sizeof(T))) std::memcpy(&value, from, sizeof(T));
    return value;
  }
  // Any byte but 0 is true.
  bool TakeBool() { return Take<std::uint8_t>() != 0; }
  // Fails for more than `last`.
  template <typename T>
  requires std::is_enum_v<T> T TakeEnum(T last) {
    const auto value = Take<std::underlying_type_t<T>>();
    if (value <= static_cast<std::underlying_type_t<T>>(last)) return static_cast<T>(value);
    Fail();
    return T{};
  }
  std::string TakeText() {
    const std::size_t size = TakeCount(1);
    const std::byte* from = Next(size);
    return from == nullptr ? "" : std::string(reinterpret_cast<const char*>(from), size);
  }
  // How many things of at least `bytes_each` follow; fails where fewer fit, so that memory may be
  // reserved for them.
  std::size_t TakeCount(std::size_t bytes_each) {
    const std::size_t count = Take<std::uint32_t>();
    if (count <= left_.size() / bytes_each) return count;
    Fail();
    return 0;
  }
  void Fail() {
    failed_ = true;
    left_ = {};
  }
  bool failed() const { return failed_; }
  bool at_end() const { return left_.empty(); }
  Status status() const {
    return failed_ ? absl::DataLossError("does not hold what it should") : OkStatus();
  }

 private:
  const std::byte* Next(std::size_t bytes) {
    if (bytes > left_.size()) {
      Fail();
      return nullptr;
    }
    const std::byte* at = left_.data();
    left_ = left_.subspan(bytes);
    return at;
  }

  std::span<const std::byte> left_;
  bool failed_ = false;
};

}  // namespace plumb::engine
