#include "ops/group_normalize.h"

#include <cmath>
#include <numeric>

#include "kernels/norm/norm.h"
#include "ops/dim_text.h"
#include "ops/expression.h"

namespace plumb::ops {

// --- shape inference --------------------------------------------------------------------------
Status InferGroupNorm(InferContext& context, std::int64_t groups) {
  context.SetOutput(0, context.dtype(0), context.input(0).dims);
  if (groups < 0)
    return InvalidArgument("attribute 'num_groups' is ", groups, ", expected 1 or more");
  if (!context.has_dims(0)) return OkStatus();
  const DimVector& x = context.dims(0);
  if (x.size() < 3 && groups == 0) {
    return InvalidArgument("input has ", x.size(), " dimensions, expected 3 or more");
  }
  if (x.size() < 2)
    return InvalidArgument("input has ", x.size(), " dimensions, expected 2 or more");
  if (groups > 0 && x[1].is_constant() && x[1].value() % groups != 0) {
    return InvalidArgument("attribute 'num_groups' is ", groups, ", which does not divide ",
                           x[1].value(), " channels");
  }
  for (int i = 1; i < 3; ++i) {
    if (!context.has_dims(i)) continue;
    const DimVector& dims = context.dims(i);
    const bool fits =
        dims.size() == 1 && (!x[1].is_constant() || !dims[0].is_constant() || dims[0] == x[1]);
    if (!fits) {
      return InvalidArgument("input ", i, " has shape ", DimsText(dims), ", expected [",
                             DimText(x[1]), "]");
    }
  }
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status ReferenceGroupNorm(ReferenceContext& context, std::int64_t groups, double epsilon) {
  const Tensor& x = context.input(0);
  if (x.rank() < 2)
    return InvalidArgument("input has ", x.rank(), " dimensions, expected 2 or more");
  const std::int64_t batch = x.shape()[0], channels = x.shape()[1];
  if (groups == 0) groups = channels;
  if (groups > 0 && channels % groups != 0) {
    return InvalidArgument(groups, " groups do not divide ", channels, " channels");
  }
  for (int i = 1; i < 3; ++i) {
    if (context.input(i).shape() != Shape{channels}) {
      return InvalidArgument("input ", i, " has shape ", context.input(i).shape().ToString(),
                             ", expected ", channels);
    }
  }
  const std::vector<double> scale = ToDoubles(context.input(1)),
                            shift = ToDoubles(context.input(2));
  std::vector<double> values = ToDoubles(x);
  if (values.empty()) {
    context.SetOutput(0, x);
    return OkStatus();
  }
  const auto length = values.size() / static_cast<std::size_t>(batch * groups);
  const auto pixels = values.size() / static_cast<std::size_t>(batch * channels);
  for (std::size_t begin = 0; begin < values.size(); begin += length) {
    double mean = 0, variance = 0;
    for (std::size_t i = begin; i < begin + length; ++i) mean += values[i];
    mean /= static_cast<double>(length);
    for (std::size_t i = begin; i < begin + length; ++i) {
      variance += (values[i] - mean) * (values[i] - mean);
    }
    variance /= static_cast<double>(length);
    const double inverse = 1 / std::sqrt(variance + epsilon);
    for (std::size_t i = begin; i < begin + length; ++i) {
      const std::size_t c = i / pixels % static_cast<std::size_t>(channels);
      values[i] = (values[i] - mean) * inverse * scale[c] + shift[c];
    }
  }
  context.SetOutput(0, FromDoubles(x.dtype(), x.shape(), values));
  return OkStatus();
}

// --- gradient ---------------------------------------------------------------------------------
// With h the normalised x and g = dy * scale: dx = (g - mean g - h mean(g h)) / deviation, the
// means over each group.
Status GroupNormGradient(GradientContext& context, std::int64_t groups, double epsilon) {
  const Expr x = InputOf(context, 0), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  if (!x.rank()) return Unimplemented("gradient needs the rank of the input");
  std::vector<std::int64_t> trailing(static_cast<std::size_t>(*x.rank() - 2));
  std::iota(trailing.begin(), trailing.end(), 1);
  std::vector<std::int64_t> all_but_channels = {0};
  for (std::int64_t axis = 2; axis < *x.rank(); ++axis) all_but_channels.push_back(axis);
  const auto grouped = [&](const Expr& e) { return Reshape(e, Ints(e, {0, groups, -1})); };
  const auto mean = [](const Expr& e) { return Reduce("ReduceMean", e, {2}, /*keep=*/true); };
  const Expr centred = grouped(x) - mean(grouped(x));
  const Expr inverse = 1.0 / Sqrt(mean(Square(centred)) + epsilon);
  const Expr h = centred * inverse;
  const Expr scale = InputOf(context, 1);
  const Expr g = grouped(dy * (trailing.empty() ? scale : Unsqueeze(scale, trailing)));
  const Expr dx = inverse * (g - mean(g) - h * mean(g * h));
  const Expr h_like_x = Reshape(h, ShapeOf(x));
  context.SetInputGradient(0, Reshape(dx, ShapeOf(x)).id());
  context.SetInputGradient(
      1, Reduce("ReduceSum", dy * h_like_x, all_but_channels, /*keep=*/false).id());
  context.SetInputGradient(2, Reduce("ReduceSum", dy, all_but_channels, /*keep=*/false).id());
  return context.builder().status();
}

// --- lowering ---------------------------------------------------------------------------------
namespace {

// All spatial dimensions as one with this stride; nullopt when they do not merge.
std::optional<std::int64_t> PixelStride(const Operand& operand) {
  const int rank = operand.shape.rank();
  if (rank == 2) return 0;
  for (int axis = 2; axis + 1 < rank; ++axis) {
    if (operand.strides[axis] != operand.strides[axis + 1] * operand.shape[axis + 1]) {
      return std::nullopt;
    }
  }
  return operand.strides[rank - 1];
}

}  // namespace

Status LowerGroupNorm(LowerContext& context, std::int64_t groups, double epsilon) {
  const Operand& x = context.input(0);
  const Operand& y = context.output(0);
  const std::optional<std::int64_t> from = PixelStride(x), to = PixelStride(y);
  if (x.dtype != DType::kFloat32 || context.input(1).dtype != DType::kFloat32 || !from || !to) {
    return OkStatus();
  }
  kernels::GroupNormProblem problem;
  problem.batch = x.shape[0];
  problem.channels = x.shape[1];
  problem.groups = groups == 0 ? x.shape[1] : groups;
  problem.pixels = 1;
  for (int axis = 2; axis < x.shape.rank(); ++axis) problem.pixels *= x.shape[axis];
  if (NumElements(x.shape) == 0) return OkStatus();
  problem.src_batch = x.strides[0];
  problem.src_channel = x.strides[1];
  problem.src_pixel = *from;
  problem.dst_batch = y.strides[0];
  problem.dst_channel = y.strides[1];
  problem.dst_pixel = *to;
  problem.epsilon = static_cast<float>(epsilon);
  KernelChoice choice;
  choice.algorithm.id = 0;
  choice.name = "group_norm";
  choice.estimate.ops = 8 * static_cast<double>(NumElements(x.shape));
  choice.estimate.bytes = 12 * static_cast<double>(NumElements(x.shape));
  choice.kernel = BindGroupNorm(problem, context.target());
  choice.operands = {{OperandRef::kInput, 0},
                     {OperandRef::kInput, 1},
                     {OperandRef::kInput, 2},
                     {OperandRef::kOutput, 0}};
  context.Add(std::move(choice));
  return OkStatus();
}

}  // namespace plumb::ops
