#include "ops/conv_gradient.h"

#include <optional>

namespace plumb::ops {

Status SetBiasGradient(GradientContext& context, const Expr& dy) {
  if (context.input(2) == kNoValue) return context.builder().status();
  if (!dy.rank()) return Unimplemented("gradient of the bias needs the rank of the output");
  std::vector<std::int64_t> axes = {0};
  for (std::int64_t axis = 2; axis < *dy.rank(); ++axis) axes.push_back(axis);
  context.SetInputGradient(2, Reduce("ReduceSum", dy, axes, /*keep=*/false).id());
  return context.builder().status();
}

Status InferShapeGiven(InferContext& context, int input) {
  std::optional<DimVector> dims = context.content(input);
  if (!dims && context.has_dims(input) && context.dims(input).size() == 1 &&
      context.dims(input)[0].is_constant()) {
    const std::int64_t rank = context.dims(input)[0].value();
    if (rank > kMaxRank) {
      return InvalidArgument("input ", input, " has ", rank, " sizes; at most ", kMaxRank,
                             " dimensions are supported");
    }
    dims.emplace();
    for (std::int64_t i = 0; i < rank; ++i) dims->push_back(context.FreshDim());
  }
  context.SetOutput(0, context.dtype(0), std::move(dims));
  return OkStatus();
}

StatusOr<Shape> ReadShape(const Tensor& sizes) {
  if (sizes.dtype() != DType::kInt64 || sizes.rank() != 1) {
    return InvalidArgument("shape input is ", Str(DTypeName(sizes.dtype())), " of rank ",
                           sizes.rank(), ", expected an i64 vector");
  }
  return MakeShape(sizes.data<std::int64_t>());
}

}  // namespace plumb::ops
