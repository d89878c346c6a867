// Elements of any narrow type, for tests.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/dtype.h"
#include "kernels/testing/guard_pages.h"

namespace plumb::kernels::testing {

// Elements of any of the types behind one interface, beside memory that cannot be touched.
class Elements {
 public:
  Elements(DType type, std::int64_t count, bool at_end)
      : type_(type), count_(count), pages_((StorageBytes(type, count) + 3) / 4, at_end) {}

  char* data() { return reinterpret_cast<char*>(pages_.data()); }
  std::int64_t size() const { return count_; }
  double Get(std::int64_t i) { return Read(type_, data(), i); }
  void Set(std::int64_t i, double value) { Write(type_, data(), i, value); }

  static double Read(DType type, const char* data, std::int64_t i) {
    switch (type) {
      case DType::kFloat32: return At<float>(data, i);
      case DType::kBFloat16: return double{static_cast<float>(At<BFloat16>(data, i))};
      case DType::kInt8: return At<std::int8_t>(data, i);
      case DType::kUInt8: return At<std::uint8_t>(data, i);
      default: return At<std::int32_t>(data, i);
    }
  }
  static void Write(DType type, char* data, std::int64_t i, double value) {
    switch (type) {
      case DType::kFloat32: return Put(data, i, static_cast<float>(value));
      case DType::kBFloat16: return Put(data, i, BFloat16(static_cast<float>(value)));
      case DType::kInt8: return Put(data, i, static_cast<std::int8_t>(value));
      case DType::kUInt8: return Put(data, i, static_cast<std::uint8_t>(value));
      default: return Put(data, i, static_cast<std::int32_t>(value));
    }
  }

 private:
  template <typename T>
  static T At(const char* data, std::int64_t i) {
    T value;
    std::memcpy(&value, data + i * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
    return value;
  }
  template <typename T>
  static void Put(char* data, std::int64_t i, T value) {
    std::memcpy(data + i * static_cast<std::int64_t>(sizeof(T)), &value, sizeof(T));
  }

  DType type_;
  std::int64_t count_;
  GuardPages pages_;
};

}  // namespace plumb::kernels::testing
