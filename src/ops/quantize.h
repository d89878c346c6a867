// What the quantising operators share: x = (q - zero point) * scale, with one scale for the tensor,
// one for each index of an axis, or one for each block along an axis.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/op_def.h"

namespace plumb::ops {

// Where the scale of each element is.
struct ScaleLayout {
  Shape shape;   // of the quantised tensor
  Dims strides;  // of the scale over that shape; 0 where one scale serves all
  int axis = 0;
  std::int64_t block = 1;  // indices of `axis` that share a scale
};

// From attributes `axis` and `block_size`. Errors name what does not fit.
StatusOr<ScaleLayout> MakeScaleLayout(const AttrMap& attrs, const Shape& x, const Shape& scale);

// Calls fn(element, scale index) for every element in row-major order.
template <typename Fn>
void ForEachScaled(const ScaleLayout& layout, Fn&& fn) {
  Dims index(layout.shape.rank(), 0);
  const std::int64_t count = NumElements(layout.shape);
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t at = 0;
    for (int axis = 0; axis < layout.shape.rank(); ++axis) {
      const std::int64_t position = axis == layout.axis ? index[axis] / layout.block : index[axis];
      at += position * layout.strides[axis];
    }
    fn(static_cast<std::size_t>(i), static_cast<std::size_t>(at));
    for (int axis = layout.shape.rank() - 1; axis >= 0; --axis) {
      if (++index[axis] < layout.shape[axis]) break;
      index[axis] = 0;
    }
  }
}

// Least and largest value of an integer type of at most 32 bits. Error: another type.
struct IntegerRange {
  double low = 0, high = 0;
};
StatusOr<IntegerRange> RangeOf(DType type);

// The elements of an 8-bit (or int4) tensor minus their zero point, which is absent (0), a scalar
// or has one element for each index of `axis`, as int64. Errors name the input `what`.
StatusOr<Tensor> MinusZeroPoint(const Tensor& q, const Tensor* zero_point, int axis,
                                std::string_view what);

// round(x / scale) + zero point, half to even, saturated to `type`.
double QuantizeOne(double x, double scale, double zero_point, const IntegerRange& range);

}  // namespace plumb::ops
