// LayerNormalization: the dimensions from `axis` on by their mean and variance.
#include <cmath>
#include <vector>

#include "kernels/norm/norm.h"
#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/lower.h"
#include "ops/number.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

double Epsilon(const AttrMap& attrs) { return attrs.Float("epsilon", 1e-5f); }

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "LayerNormalization";
  op.doc =
      "Y = (X - Mean) * InvStdDev * Scale + B, InvStdDev = 1 / sqrt(var + epsilon), over the "
      "dimensions from axis on";
  op.since_opset = 17;
  op.inputs = {{"X", "T=float"}, {"Scale", "T"}, {"B", "T", Arity::kOptional}};
  op.outputs = {
      {"Y", "T"}, {"Mean", "f32", Arity::kOptional}, {"InvStdDev", "f32", Arity::kOptional}};
  op.attrs = {
      {"axis", AttrType::kInt}, {"epsilon", AttrType::kFloat}, {"stash_type", AttrType::kInt}};
  op.inplace_inputs = {0};
  op.differentiability = Differentiability::kYes;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), context.input(0).dims);
  context.SetOutput(1, DType::kFloat32, std::nullopt);
  context.SetOutput(2, DType::kFloat32, std::nullopt);
  if (!context.has_dims(0)) return OkStatus();
  DimVector dims = context.dims(0);
  PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(context.attrs().Int("axis", -1),
                                                       static_cast<int>(dims.size())));
  const std::span<const Dim> normalized(dims.data() + axis,
                                        dims.size() - static_cast<std::size_t>(axis));
  for (int i = 1; i < 3; ++i) {
    if (!context.has_dims(i)) continue;
    PLUMB_ASSIGN_OR_RETURN(const DimVector both, BroadcastDims(normalized, context.dims(i)));
    if (both.size() != normalized.size()) {
      return InvalidArgument("input ", i, " has ", context.dims(i).size(),
                             " dimensions, expected at most ", normalized.size());
    }
  }
  for (std::size_t i = static_cast<std::size_t>(axis); i < dims.size(); ++i) dims[i] = Dim(1);
  context.SetOutput(1, DType::kFloat32, dims);
  context.SetOutput(2, DType::kFloat32, dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
// Scale or shift read as if it had the normalised shape; `otherwise` where it is omitted.
StatusOr<std::vector<double>> Stretched(const ReferenceContext& context, int i, const Shape& shape,
                                        double otherwise) {
  const auto count = static_cast<std::size_t>(NumElements(shape));
  if (!context.has_input(i)) return std::vector<double>(count, otherwise);
  const Tensor& tensor = context.input(i);
  PLUMB_ASSIGN_OR_RETURN(const Shape both, BroadcastShapes(shape, tensor.shape()));
  if (both != shape) {
    return InvalidArgument("input ", i, " of shape ", tensor.shape().ToString(),
                           " does not broadcast to ", shape.ToString());
  }
  const std::vector<double> values = ToDoubles(tensor);
  std::vector<double> stretched;
  stretched.reserve(count);
  ForEachOffset<1>(shape, {BroadcastStrides(tensor.shape(), shape)}, [&](const auto& at) {
    stretched.push_back(values[static_cast<std::size_t>(at[0])]);
  });
  return stretched;
}

Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(context.attrs().Int("axis", -1), x.rank()));
  const Shape normalized(x.shape().span().subspan(static_cast<std::size_t>(axis)));
  Shape reduced = x.shape();
  for (int i = axis; i < x.rank(); ++i) reduced[i] = 1;
  PLUMB_ASSIGN_OR_RETURN(const auto scale, Stretched(context, 1, normalized, 1));
  PLUMB_ASSIGN_OR_RETURN(const auto shift, Stretched(context, 2, normalized, 0));
  std::vector<double> values = ToDoubles(x), means, inverses;
  const std::size_t length = scale.size();
  for (std::size_t begin = 0; begin < values.size(); begin += length) {
    double mean = 0, variance = 0;
    for (std::size_t i = 0; i < length; ++i) mean += values[begin + i];
    mean /= static_cast<double>(length);
    for (std::size_t i = 0; i < length; ++i) {
      variance += (values[begin + i] - mean) * (values[begin + i] - mean);
    }
    variance /= static_cast<double>(length);
    const double inverse = 1 / std::sqrt(variance + Epsilon(context.attrs()));
    for (std::size_t i = 0; i < length; ++i) {
      values[begin + i] = (values[begin + i] - mean) * inverse * scale[i] + shift[i];
    }
    means.push_back(mean);
    inverses.push_back(inverse);
  }
  means.resize(static_cast<std::size_t>(NumElements(reduced)));  // rows without elements
  inverses.resize(means.size());
  context.SetOutput(0, FromDoubles(x.dtype(), x.shape(), values));
  if (context.wants_output(1)) {
    context.SetOutput(1, FromDoubles(DType::kFloat32, reduced, means));
  }
  if (context.wants_output(2)) {
    context.SetOutput(2, FromDoubles(DType::kFloat32, reduced, inverses));
  }
  return OkStatus();
}

// --- gradient ---------------------------------------------------------------------------------
// With h the normalised x and g = dy * Scale: dx = (g - mean g - h mean(g h)) * InvStdDev.
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), dy = GradientOf(context);
  if (context.output_gradient(1) != kNoValue || context.output_gradient(2) != kNoValue) {
    return Unimplemented("Mean and InvStdDev have no gradient");
  }
  if (!dy.present()) return OkStatus();
  const AttrMap attrs = context.node().attrs;
  std::int64_t first = attrs.Int("axis", -1);
  if (first >= 0) {
    if (!x.rank()) return Unimplemented("gradient needs the rank of the input");
    first -= *x.rank();
  }
  std::vector<std::int64_t> axes;
  for (std::int64_t axis = first; axis < 0; ++axis) axes.push_back(axis);
  const auto mean = [&](const Expr& e) { return Reduce("ReduceMean", e, axes, /*keep=*/true); };
  const Expr centred = x - mean(x);
  const Expr inverse = 1.0 / Sqrt(mean(Square(centred)) + Epsilon(attrs));
  const Expr h = centred * inverse;
  const Expr g = dy * InputOf(context, 1);
  context.SetInputGradient(0, ((g - mean(g) - h * mean(g * h)) * inverse).id());
  SetGradient(context, 1, dy * h);
  SetGradient(context, 2, dy);
  return context.builder().status();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 8); }

// --- lowering ---------------------------------------------------------------------------------
bool IsPackedFrom(const Operand& operand, int axis) {
  const Strides packed = RowMajorStrides(operand.shape);
  for (int i = axis; i < operand.shape.rank(); ++i) {
    if (operand.shape[i] != 1 && operand.strides[i] != packed[i]) return false;
  }
  return true;
}

Status Lower(LowerContext& context) {
  const Operand& x = context.input(0);
  const Operand& y = context.output(0);
  PLUMB_ASSIGN_OR_RETURN(const int axis,
                         NormalizeAxis(context.attrs().Int("axis", -1), x.shape.rank()));
  if (x.dtype != DType::kFloat32 || !IsPackedFrom(x, axis) || !IsPackedFrom(y, axis)) {
    return OkStatus();
  }
  kernels::LayerNormProblem problem;
  problem.length = 1;
  for (int i = axis; i < x.shape.rank(); ++i) problem.length *= x.shape[i];
  for (int i = 0; i < axis; ++i) {
    problem.outer.Append(x.shape[i]);
    problem.src_outer.Append(x.strides[i]);
    problem.dst_outer.Append(y.strides[i]);
  }
  KernelChoice choice;
  choice.operands = {{OperandRef::kInput, 0}};
  for (int i = 1; i < 3; ++i) {
    const bool present = context.has_input(i);
    if (present && NumElements(context.input(i).shape) != problem.length) return OkStatus();
    (i == 1 ? problem.has_gamma : problem.has_beta) = present;
    if (present) choice.operands.push_back({OperandRef::kInput, i});
  }
  choice.operands.push_back({OperandRef::kOutput, 0});
  for (int i = 1; i < context.num_outputs(); ++i) {
    if (!context.output(i).present) continue;
    if (context.output(i).strides != RowMajorStrides(context.output(i).shape)) return OkStatus();
    (i == 1 ? problem.has_mean : problem.has_inv_std) = true;
    choice.operands.push_back({OperandRef::kOutput, i});
  }
  if (NumElements(x.shape) == 0) return OkStatus();
  problem.epsilon = static_cast<float>(Epsilon(context.attrs()));
  choice.algorithm.id = 0;
  choice.name = "layer_norm";
  choice.estimate.ops = 8 * static_cast<double>(NumElements(x.shape));
  choice.estimate.bytes = 8 * static_cast<double>(NumElements(x.shape));
  choice.kernel = BindLayerNorm(problem, context.target());
  context.Add(std::move(choice));
  return OkStatus();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto axis = [](std::int64_t a) { return Attrs({{"axis", a}}); };
  std::vector<Sample> samples = {
      {"rows", {F32({3, 17}), F32({17}, 0.5, 2), F32({17})}, {}},
      {"768 wide", {F32({2, 3, 768}), F32({768}, 0.5, 2), F32({768})}, {}, 1, 1e-5, false},
      {"no shift", {F32({2, 3, 5}), F32({5}, 0.5, 2)}, {}},
      {"two dimensions", {F32({2, 3, 4, 5}), F32({4, 5}, 0.5, 2), F32({4, 5})}, axis(2)},
      {"everything", {F32({3, 5}), F32({3, 5}), F32({3, 5})}, axis(0)},
      {"broadcast scale", {F32({2, 4, 5}), F32({5}), F32({4, 1})}, axis(1)},
      {"with statistics",
       {F32({2, 4, 5}), F32({5}), F32({5})},
       Attrs({{"epsilon", 0.01f}}),
       3,
       1e-5,
       false},
  };
  for (Sample& sample : samples) sample.tolerance = 1e-4;
  return samples;
}

}  // namespace

const OpDef& LayerNormalizationOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = CostOf;
    op.lower = Lower;
    op.patterns = {{"mean and variance by hand", R"(graph layer_norm(X, Scale, B, epsilon) -> (y) {
  axes = const i64[1] {-1}
  two = const f32[] {2}
  mean = ReduceMean(X, axes)
  centred = Sub(X, mean)
  square = Pow(centred, two)
  variance = ReduceMean(square, axes)
  shifted = Add(variance, epsilon)
  deviation = Sqrt(shifted)
  normal = Div(centred, deviation)
  scaled = Mul(normal, Scale)
  y = Add(scaled, B)
})"}};
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
