// Elements of any number type as doubles or wide integers, and loops over broadcast operands: what
// the references compute with.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/dtype.h"
#include "core/shape.h"
#include "core/tensor.h"

namespace plumb::ops {

// Holds every int64 and uint64, so that integer formulas are written once.
__extension__ typedef __int128 Wide;

template <typename T>
inline constexpr bool kIsReal = !std::is_integral_v<T>;  // float, double, Float16, BFloat16

template <typename T>
double AsDouble(T value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return static_cast<double>(value);
  } else {
    return static_cast<double>(static_cast<float>(value));
  }
}

// Rounds to a floating type; to an integer it truncates and saturates, NaN gives 0.
template <typename T>
T FromDouble(double value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value != 0;
  } else if constexpr (std::is_integral_v<T>) {
    if (std::isnan(value)) return 0;
    // max() + 1 is a power of two, exact as a double where max() itself may not be.
    constexpr double kBeyond = 2.0 * static_cast<double>(std::numeric_limits<T>::max() / 2 + 1);
    if (value >= kBeyond) return std::numeric_limits<T>::max();
    if (value <= static_cast<double>(std::numeric_limits<T>::min())) {
      return std::numeric_limits<T>::min();
    }
    return static_cast<T>(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value);
  } else {
    return T(static_cast<float>(value));
  }
}

// The low bits, as two's complement arithmetic of that type gives.
template <typename T>
T Wrap(Wide value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value != 0;
  } else {
    return static_cast<T>(static_cast<std::uint64_t>(value));
  }
}

// Element strides that read a row-major `operand` as if it had the shape `result` it broadcasts to.
inline Strides BroadcastStrides(const Shape& operand, const Shape& result) {
  const Strides own = RowMajorStrides(operand);
  Strides strides(result.rank(), 0);
  const int lead = result.rank() - operand.rank();
  for (int i = 0; i < operand.rank(); ++i) strides[lead + i] = operand[i] == 1 ? 0 : own[i];
  return strides;
}

// Calls fn(offsets) for each index of `shape` in row-major order; offsets[k] = index . strides[k].
template <std::size_t N, typename Fn>
void ForEachOffset(const Shape& shape, const std::array<Strides, N>& strides, Fn&& fn) {
  if (NumElements(shape) == 0) return;
  std::array<std::int64_t, N> offsets{};
  if (shape.rank() == 0) {
    fn(offsets);
    return;
  }
  const int last = shape.rank() - 1;
  Dims index(shape.rank(), 0);
  while (true) {
    std::array<std::int64_t, N> inner = offsets;
    for (std::int64_t i = 0; i < shape[last]; ++i) {
      fn(inner);
      for (std::size_t k = 0; k < N; ++k) inner[k] += strides[k][last];
    }
    int axis = last - 1;
    for (; axis >= 0; --axis) {
      for (std::size_t k = 0; k < N; ++k) offsets[k] += strides[k][axis];
      if (++index[axis] < shape[axis]) break;
      for (std::size_t k = 0; k < N; ++k) offsets[k] -= strides[k][axis] * shape[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

}  // namespace plumb::ops
