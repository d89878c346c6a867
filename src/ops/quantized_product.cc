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
  const int columns = context.attrs().Int("transB", 0) != 0 ? -2 : -1;
  PLUMB_ASSIGN_OR_RETURN(
      Tensor rhs,
      MinusZeroPoint(context.input(b.values), OptionalInput(context, b.zero_point), columns, "B"));
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

}  // namespace plumb::ops
