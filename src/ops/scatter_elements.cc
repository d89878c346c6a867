// ScatterElements: output = data, then output[i... with i[axis] = indices[i...]] is replaced by (or
// reduced with) updates[i...], in row-major order. Opsets: 11, 13, 16 (reduction), 18 (min, max).
// Scatter of opsets 9 and 10 is the same without a reduction.
#include "ops/expression.h"
#include "ops/indexing_kernel.h"
#include "ops/indices.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

Status CheckShapes(const Shape& data, const Shape& indices, const Shape& updates, int axis) {
  bool fits = data.rank() == indices.rank() && indices == updates;
  for (int i = 0; fits && i < data.rank(); ++i) fits = i == axis || indices[i] <= data[i];
  if (fits) return OkStatus();
  return InvalidArgument("data, indices and updates have shapes ", data.ToString(), ", ",
                         indices.ToString(), " and ", updates.ToString(),
                         ": expected equal indices and updates, no larger than data but in ",
                         "dimension ", axis);
}

// --- shape inference ---
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(ReductionOf(context.attrs()).status());
  context.SetOutput(0, context.dtype(0), context.input(0).dims);
  if (!context.has_dims(0)) return OkStatus();
  PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(context.attrs().Int("axis", 0),
                                                       static_cast<int>(context.dims(0).size())));
  if (!context.has_dims(1) || !context.has_dims(2)) return OkStatus();
  const auto data = ConcreteShape(context.dims(0)), indices = ConcreteShape(context.dims(1));
  const auto updates = ConcreteShape(context.dims(2));
  if (!data.has_value() || !indices.has_value() || !updates.has_value()) return OkStatus();
  return CheckShapes(*data, *indices, *updates, axis);
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Tensor& data = context.input(0);
  const Shape& in = data.shape();
  PLUMB_ASSIGN_OR_RETURN(const ScatterReduction reduction, ReductionOf(context.attrs()));
  PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(context.attrs().Int("axis", 0), in.rank()));
  const Tensor& updates = context.input(2);
  PLUMB_RETURN_IF_ERROR(CheckShapes(in, context.input(1).shape(), updates.shape(), axis));
  PLUMB_ASSIGN_OR_RETURN(std::vector<std::int64_t> positions,
                         NormalIndices(context.input(1), in[axis]));
  const Strides strides = RowMajorStrides(in);
  ForEachIndex(updates.shape(), [&](const Dims& index, std::int64_t at) {
    std::int64_t& position = positions[static_cast<std::size_t>(at)];
    position = DotIndex(index, strides) + (position - index[axis]) * strides[axis];
  });
  Tensor out = data.Clone();
  PLUMB_RETURN_IF_ERROR(ScatterInto(&out, positions, updates, reduction));
  context.SetOutput(0, std::move(out));
  return OkStatus();
}

// --- gradient ---
// Of sums: dy itself, and dy where the updates went. Where updates replace, nothing is left there
// for data; of equal indices only the last counts, so that indices have to differ.
Status Gradient(GradientContext& context) {
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  PLUMB_ASSIGN_OR_RETURN(const ScatterReduction reduction, ReductionOf(context.node().attrs));
  const std::int64_t axis = context.node().attrs.Int("axis", 0);
  const Expr indices = InputOf(context, 1), updates = InputOf(context, 2);
  if (reduction == ScatterReduction::kAdd) {
    context.SetInputGradient(0, gradient.id());
  } else if (reduction == ScatterReduction::kReplace) {
    const Expr zeros = Expand(Number(gradient, 0), ShapeOf(updates));
    context.SetInputGradient(
        0, Call("ScatterElements", {gradient, indices, zeros}, Attrs({{"axis", axis}})).id());
  } else {
    return Unimplemented("the gradient of ScatterElements with reduction mul, min or max");
  }
  context.SetInputGradient(
      2, Call("GatherElements", {gradient, indices}, Attrs({{"axis", axis}})).id());
  return context.builder().status();
}

// --- lowering ---
Status Lower(LowerContext& context) {
  if (!IsPackedAndPlain(context)) return OkStatus();
  const Operand& data = context.input(0);
  kernels::ScatterElementsProblem problem;
  PLUMB_ASSIGN_OR_RETURN(problem.reduction, ReductionOf(context.attrs()));
  PLUMB_ASSIGN_OR_RETURN(problem.axis,
                         NormalizeAxis(context.attrs().Int("axis", 0), data.shape.rank()));
  problem.dtype = data.dtype;
  problem.wide_indices = context.input(1).dtype == DType::kInt64;
  problem.src_sizes = data.shape;
  problem.index_sizes = context.input(1).shape;
  AddIndexingKernel(context, "scatter_elements",
                    kernels::BindScatterElements(problem, context.target()));
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  const auto indices = [](Sizes shape, std::vector<double> values) {
    return Given(DType::kInt64, std::move(shape), std::move(values));
  };
  return {{.name = "replace",
           .inputs = {F32({3, 3}), indices({2, 3}, {1, 0, 2, 0, -1, 1}), F32({2, 3})}},
          {.name = "columns",
           .inputs = {F32({1, 5}), indices({1, 2}, {1, 3}), F32({1, 2})},
           .attrs = Attrs({{"axis", 1}})},
          {.name = "add",
           .inputs = {F32({1, 5}), indices({1, 3}, {1, 1, -1}), F32({1, 3})},
           .attrs = Attrs({{"axis", 1}, {"reduction", "add"}})},
          {.name = "mul",
           .inputs = {F32({4}), indices({3}, {1, 1, 2}), F32({3})},
           .attrs = Attrs({{"reduction", "mul"}}),
           .gradient = false},
          {.name = "min",
           .inputs = {F32({4}), indices({3}, {1, 1, 2}), F32({3})},
           .attrs = Attrs({{"reduction", "min"}}),
           .gradient = false},
          {.name = "max_ints",
           .inputs = {Random(DType::kInt32, {4}, -9, 9), indices({3}, {1, 1, 2}),
                      Random(DType::kInt32, {3}, -9, 9)},
           .attrs = Attrs({{"reduction", "max"}})}};
}

OpDef Describe(std::string_view name, int since, std::string_view doc) {
  return OpDef{
      .name = name,
      .doc = doc,
      .since_opset = since,
      .inputs = {{"data", "T=any"}, {"indices", "index"}, {"updates", "T=any"}},
      .outputs = {{"output", "T=any"}},
      .attrs = {{"axis", AttrType::kInt}, {"reduction", AttrType::kString}},
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = Gradient,
      .cost = MovementCost,
      .lower = Lower,
      .samples = Samples,
  };
}

// --- upgrade ---
Status UpgradeScatter(UpgradeContext& context) {
  const ValueId output = context.builder().Call("ScatterElements", context.inputs, context.attrs);
  context.replacement = std::vector<ValueId>{output};
  return context.builder().status();
}

}  // namespace

const OpDef& ScatterElementsOp() {
  static const OpDef op = Describe(
      "ScatterElements", 11,
      "data with the elements at [i... with i[axis] = indices[i...]] replaced by or reduced with "
      "updates[i...]");
  return op;
}

const OpDef& ScatterOp() {
  static const OpDef op = [] {
    OpDef scatter = Describe("Scatter", 9, "the older name of ScatterElements");
    scatter.upgrade = UpgradeScatter;
    return scatter;
  }();
  return op;
}

}  // namespace plumb::ops
