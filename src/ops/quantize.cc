#include "ops/quantize.h"

#include <algorithm>
#include <cmath>

#include "ops/cast_element.h"

namespace plumb::ops {

StatusOr<ScaleLayout> MakeScaleLayout(const AttrMap& attrs, const Shape& x, const Shape& scale) {
  ScaleLayout layout;
  layout.shape = x;
  layout.strides = Dims(x.rank(), 0);
  const std::int64_t block = attrs.Int("block_size", 0);
  if (NumElements(scale) == 1 && block == 0) return layout;
  PLUMB_ASSIGN_OR_RETURN(layout.axis, NormalizeAxis(attrs.Int("axis", 1), x.rank()));
  if (block == 0) {
    if (scale.rank() != 1 || scale[0] != x[layout.axis]) {
      return InvalidArgument("scale has shape ", scale.ToString(), ", expected 1 or ",
                             x[layout.axis], " elements");
    }
    layout.strides[layout.axis] = 1;
    return layout;
  }
  Shape expected = x;
  if (block < 1)
    return InvalidArgument("attribute 'block_size' is ", block, ", expected 0 or more");
  expected[layout.axis] = x[layout.axis] / block + (x[layout.axis] % block != 0 ? 1 : 0);
  if (scale != expected) {
    return InvalidArgument("scale has shape ", scale.ToString(), ", expected ", expected.ToString(),
                           " for blocks of ", block);
  }
  layout.strides = RowMajorStrides(scale);
  layout.block = block;
  return layout;
}

StatusOr<IntegerRange> RangeOf(DType type) {
  switch (type) {
    case DType::kInt4: return IntegerRange{-8, 7};
    case DType::kUInt4: return IntegerRange{0, 15};
    case DType::kInt8: return IntegerRange{-128, 127};
    case DType::kUInt8: return IntegerRange{0, 255};
    case DType::kInt16: return IntegerRange{-32768, 32767};
    case DType::kUInt16: return IntegerRange{0, 65535};
    case DType::kInt32: return IntegerRange{-2147483648.0, 2147483647.0};
    default:
      return InvalidArgument("quantised type is ", Str(DTypeName(type)),
                             ", expected i4, u4, i8, u8, i16, u16 or i32");
  }
}

StatusOr<Tensor> MinusZeroPoint(const Tensor& q, const Tensor* zero_point, int axis,
                                std::string_view what) {
  PLUMB_RETURN_IF_ERROR(RangeOf(q.dtype()).status());
  PLUMB_ASSIGN_OR_RETURN(Tensor result, CastTensor(q, DType::kInt64));
  if (zero_point == nullptr) return result;
  if (zero_point->dtype() != q.dtype()) {
    return InvalidArgument(Str(what), " has a zero point of type ",
                           Str(DTypeName(zero_point->dtype())), ", expected ",
                           Str(DTypeName(q.dtype())));
  }
  PLUMB_ASSIGN_OR_RETURN(const Tensor zeros, CastTensor(*zero_point, DType::kInt64));
  const std::span<const std::int64_t> zero = zeros.data<std::int64_t>();
  const std::span<std::int64_t> values = result.mutable_data<std::int64_t>();
  if (zero.size() == 1) {
    for (std::int64_t& value : values) value -= zero[0];
    return result;
  }
  if (axis < 0) axis += q.rank();
  const bool fits =
      axis >= 0 && axis < q.rank() && static_cast<std::int64_t>(zero.size()) == q.shape()[axis];
  if (!fits) {
    return InvalidArgument(Str(what), " of shape ", q.shape().ToString(), " has ", zero.size(),
                           " zero points");
  }
  const std::int64_t step = RowMajorStrides(q.shape())[axis], size = q.shape()[axis];
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] -= zero[static_cast<std::size_t>(static_cast<std::int64_t>(i) / step % size)];
  }
  return result;
}

double QuantizeOne(double x, double scale, double zero_point, const IntegerRange& range) {
  // The operator divides in fp32, which decides ties: 0.5f / (5 / 255.0f) is 25.5, in fp64 less.
  const float ratio = static_cast<float>(x) / static_cast<float>(scale);
  const double q = std::nearbyint(ratio) + zero_point;
  if (std::isnan(q)) return std::clamp(zero_point, range.low, range.high);
  return std::clamp(q, range.low, range.high);
}

}  // namespace plumb::ops
