// Single elements of tensors of any type, and walks over every index of a shape: what the
// references of data movement are written with.
#pragma once

#include <cstdint>

#include "core/shape.h"
#include "core/tensor.h"

namespace plumb::ops {

// Copies elements from one tensor to another of the same type (PLUMB_CHECKed), strings and sub-byte
// types included. Both tensors outlive the copier.
class ElementCopier {
 public:
  ElementCopier(const Tensor& src, Tensor* dst);
  // dst[to] = src[from], positions in row-major order.
  void Copy(std::int64_t from, std::int64_t to) const;

 private:
  const void* src_;
  void* dst_;
  DType dtype_;
  std::int64_t bytes_;  // of one element; 0 for sub-byte types
};

// dst[i] = the only element of `value`, for all i.
void FillElements(const Tensor& value, Tensor* dst);

// Sum of index[i] * strides[i].
std::int64_t DotIndex(const Dims& index, const Strides& strides);

// Calls fn(index, position) for every index of `shape` in row-major order; once for a scalar.
template <typename Fn>
void ForEachIndex(const Shape& shape, Fn&& fn) {
  const std::int64_t count = NumElements(shape);
  Dims index(shape.rank(), 0);
  for (std::int64_t position = 0; position < count; ++position) {
    fn(static_cast<const Dims&>(index), position);
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

}  // namespace plumb::ops
