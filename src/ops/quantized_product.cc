#include "ops/quantized_product.h"

#include <utility>
#include <vector>

#include "ops/cast_element.h"
#include "ops/convolution.h"
#include "ops/matrix_product.h"
#include "ops/quantize.h"

namespace plumb::ops {
namespace {

const Tensor* OptionalInput(const ReferenceContext& context, int i) {
  return context.has_input(i) ? &context.input(i) : nullptr;
}

// One number from a scalar input of scales.
StatusOr<double> ScalarInput(const ReferenceContext& context, int i) {
  const Tensor& tensor = context.input(i);
  if (tensor.num_elements() != 1) {
    return InvalidArgument("input ", i, " has shape ", tensor.shape().ToString(),
                           ", expected a scalar");
  }
  return ToDoubles(tensor)[0];
}

}  // namespace

Status InferQuantizedProduct(InferContext& context, int a, int b, DType type) {
  std::optional<DimVector> dims;
  if (context.has_dims(a) && context.has_dims(b)) {
    PLUMB_ASSIGN_OR_RETURN(dims, ProductDims(context.dims(a), context.dims(b), ProductForm()));
  }
  context.SetOutput(0, type, std::move(dims));
  return OkStatus();
}

Status InferQuantizedConv(InferContext& context, int x, int w, DType type) {
  std::optional<DimVector> dims;
  if (context.has_dims(x) && context.has_dims(w)) {
    PLUMB_ASSIGN_OR_RETURN(dims, ConvDims(context.attrs(), context.dims(x), context.dims(w)));
  }
  context.SetOutput(0, type, std::move(dims));
  return OkStatus();
}

StatusOr<Tensor> QuantizedProduct(const ReferenceContext& context, QuantizedOperand a,
                                  QuantizedOperand b) {
  PLUMB_ASSIGN_OR_RETURN(Tensor lhs, MinusZeroPoint(context.input(a.values),
                                                    OptionalInput(context, a.zero_point), -2, "A"));
  PLUMB_ASSIGN_OR_RETURN(Tensor rhs, MinusZeroPoint(context.input(b.values),
                                                    OptionalInput(context, b.zero_point), -1, "B"));
  const Tensor operands[] = {std::move(lhs), std::move(rhs)};
  ReferenceContext inner(context.node(), operands);
  PLUMB_RETURN_IF_ERROR(ReferenceProduct(inner));
  return inner.outputs[0];
}

StatusOr<Tensor> QuantizedConv(const ReferenceContext& context, QuantizedOperand x,
                               QuantizedOperand w) {
  PLUMB_ASSIGN_OR_RETURN(
      const Tensor image,
      MinusZeroPoint(context.input(x.values), OptionalInput(context, x.zero_point), 0, "x"));
  PLUMB_ASSIGN_OR_RETURN(
      const Tensor weight,
      MinusZeroPoint(context.input(w.values), OptionalInput(context, w.zero_point), 0, "w"));
  PLUMB_ASSIGN_OR_RETURN(const Convolution c,
                         MakeConv(context.attrs(), image.shape(), weight.shape()));
  Shape shape{c.batch, c.small_channels};
  for (const std::int64_t size : c.small) shape.Append(size);
  PLUMB_ASSIGN_OR_RETURN(Tensor sums, Tensor::TryAllocate(DType::kInt64, shape));
  AddConv(c, image.data<std::int64_t>().data(), weight.data<std::int64_t>().data(),
          sums.mutable_data<std::int64_t>().data());
  return sums;
}

Status Requantize(ReferenceContext& context, const Tensor& sums, int a_scale, int b_scale,
                  int y_scale, int y_zero_point, int axis) {
  PLUMB_ASSIGN_OR_RETURN(const double a, ScalarInput(context, a_scale));
  PLUMB_ASSIGN_OR_RETURN(const double y, ScalarInput(context, y_scale));
  const Tensor& zero_tensor = context.input(y_zero_point);
  PLUMB_ASSIGN_OR_RETURN(const IntegerRange range, RangeOf(zero_tensor.dtype()));
  PLUMB_ASSIGN_OR_RETURN(const double zero, ScalarInput(context, y_zero_point));
  const std::vector<double> b = ToDoubles(context.input(b_scale));
  if (axis < 0) axis += sums.rank();
  if (axis < 0) axis = 0;
  const bool per_axis = b.size() != 1;
  if (per_axis &&
      (axis >= sums.rank() || static_cast<std::int64_t>(b.size()) != sums.shape()[axis])) {
    return InvalidArgument("input ", b_scale, " has ", b.size(), " scales for a result of shape ",
                           sums.shape().ToString());
  }
  const std::int64_t step = per_axis ? RowMajorStrides(sums.shape())[axis] : 1;
  std::vector<double> values = ToDoubles(sums);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double scale = b[per_axis ? i / static_cast<std::size_t>(step) % b.size() : 0];
    values[i] = QuantizeOne(values[i] * a * scale, y, zero, range);
  }
  context.SetOutput(0, FromDoubles(zero_tensor.dtype(), sums.shape(), values));
  return OkStatus();
}

}  // namespace plumb::ops
