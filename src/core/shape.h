// Concrete shapes: a short list of sizes, with row-major strides and overflow-checked counts.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "core/status.h"

namespace plumb {

inline constexpr int kMaxRank = 10;

// Up to kMaxRank signed 64-bit numbers held in place: shapes, strides, permutations, indices.
class Dims {
 public:
  using value_type = std::int64_t;
  using const_iterator = const std::int64_t*;

  Dims() = default;
  Dims(std::initializer_list<std::int64_t> values);
  explicit Dims(std::span<const std::int64_t> values);  // PLUMB_CHECKs size() <= kMaxRank
  Dims(int rank, std::int64_t fill);

  int rank() const { return rank_; }
  std::int64_t operator[](int axis) const { return values_[static_cast<std::size_t>(axis)]; }
  std::int64_t& operator[](int axis) { return values_[static_cast<std::size_t>(axis)]; }
  void Append(std::int64_t value);
  std::int64_t back() const { return values_[static_cast<std::size_t>(rank_ - 1)]; }

  const std::int64_t* begin() const { return values_.data(); }
  const std::int64_t* end() const { return values_.data() + rank_; }
  std::int64_t* begin() { return values_.data(); }
  std::int64_t* end() { return values_.data() + rank_; }
  std::span<const std::int64_t> span() const {
    return {values_.data(), static_cast<std::size_t>(rank_)};
  }
  bool operator==(const Dims& other) const;
  std::string ToString() const;  // "2x3x224x224"; "scalar" for rank 0

 private:
  std::array<std::int64_t, kMaxRank> values_{};
  int rank_ = 0;
};

using Shape = Dims;
using Strides = Dims;

// Product of the sizes (1 for a scalar). PLUMB_CHECKs against overflow: for shapes already
// accepted.
std::int64_t NumElements(const Shape& shape);

// The same for sizes from outside: an error for negative sizes, for more than kMaxRank of them and
// for counts or byte sizes beyond 2^62.
StatusOr<Shape> MakeShape(std::span<const std::int64_t> sizes);
StatusOr<std::int64_t> CheckedNumElements(std::span<const std::int64_t> sizes);

// Element strides of a packed row-major tensor.
Strides RowMajorStrides(const Shape& shape);

// numpy broadcasting; the error names both shapes.
StatusOr<Shape> BroadcastShapes(const Shape& a, const Shape& b);

// Axis in [-rank, rank) to [0, rank).
StatusOr<int> NormalizeAxis(std::int64_t axis, int rank);

}  // namespace plumb
