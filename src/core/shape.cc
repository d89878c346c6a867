#include "core/shape.h"

#include <algorithm>

#include "core/check.h"

namespace plumb {
namespace {

// So that the bytes of any element type (std::string has 32) stay within 2^62.
constexpr std::int64_t kMaxElements = std::int64_t{1} << 57;

std::string Joined(std::span<const std::int64_t> sizes) {
  if (sizes.empty()) return "scalar";
  std::string text;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    absl::StrAppend(&text, i == 0 ? "" : "x", sizes[i]);
  return text;
}

}  // namespace

Dims::Dims(std::initializer_list<std::int64_t> values)
    : Dims(std::span<const std::int64_t>(values.begin(), values.size())) {}

Dims::Dims(std::span<const std::int64_t> values) {
  PLUMB_CHECK(values.size() <= kMaxRank, "rank ", values.size());
  std::copy(values.begin(), values.end(), values_.begin());
  rank_ = static_cast<int>(values.size());
}

Dims::Dims(int rank, std::int64_t fill) : rank_(rank) {
  PLUMB_CHECK(rank >= 0 && rank <= kMaxRank, "rank ", rank);
  std::fill_n(values_.begin(), rank, fill);
}

void Dims::Append(std::int64_t value) {
  PLUMB_CHECK(rank_ < kMaxRank, "rank ", rank_);
  values_[static_cast<std::size_t>(rank_++)] = value;
}

bool Dims::operator==(const Dims& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

std::string Dims::ToString() const { return Joined(span()); }

std::int64_t NumElements(const Shape& shape) {
  std::int64_t count = 1;
  for (std::int64_t size : shape) {
    PLUMB_CHECK(size >= 0 && !__builtin_mul_overflow(count, size, &count), "shape ",
                shape.ToString());
  }
  return count;
}

StatusOr<std::int64_t> CheckedNumElements(std::span<const std::int64_t> sizes) {
  // An empty axis does not excuse the others: strides are products of them.
  std::int64_t count = 1;
  bool empty = false;
  for (std::int64_t size : sizes) {
    if (size < 0) return InvalidArgument("shape ", Joined(sizes), " has a negative size");
    if (size == 0) {
      empty = true;
    } else if (size > kMaxElements / count) {
      return InvalidArgument("shape ", Joined(sizes), " has more than 2^57 elements");
    } else {
      count *= size;
    }
  }
  return empty ? 0 : count;
}

StatusOr<Shape> MakeShape(std::span<const std::int64_t> sizes) {
  if (sizes.size() > kMaxRank) {
    return InvalidArgument("shape has ", sizes.size(), " dimensions; at most ", kMaxRank,
                           " are supported");
  }
  PLUMB_RETURN_IF_ERROR(CheckedNumElements(sizes).status());
  return Shape(sizes);
}

Strides RowMajorStrides(const Shape& shape) {
  Strides strides(shape.rank(), 1);
  for (int axis = shape.rank() - 2; axis >= 0; --axis) {
    strides[axis] = strides[axis + 1] * shape[axis + 1];
  }
  return strides;
}

StatusOr<Shape> BroadcastShapes(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  Shape result(rank, 1);
  for (int i = 1; i <= rank; ++i) {
    const std::int64_t size_a = i <= a.rank() ? a[a.rank() - i] : 1;
    const std::int64_t size_b = i <= b.rank() ? b[b.rank() - i] : 1;
    if (size_a != size_b && size_a != 1 && size_b != 1) {
      return InvalidArgument("shapes ", a.ToString(), " and ", b.ToString(),
                             " do not broadcast: ", size_a, " against ", size_b);
    }
    result[rank - i] = size_a == 1 ? size_b : size_a;
  }
  return MakeShape(result.span());
}

StatusOr<int> NormalizeAxis(std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    return InvalidArgument("axis ", axis, " is outside [", -rank, ", ", rank, ")");
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

}  // namespace plumb
