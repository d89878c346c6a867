// GatherElements: output[i...] = data[i... with i[axis] = indices[i...]]; the output has the shape
// of `indices`. Opsets: 11, 13.
#include "ops/expression.h"
#include "ops/indexing_kernel.h"
#include "ops/indices.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// Indices reach no further than the data on the other axes.
Status CheckShapes(const Shape& data, const Shape& indices, int axis) {
  bool fits = data.rank() == indices.rank();
  for (int i = 0; fits && i < data.rank(); ++i) fits = i == axis || indices[i] <= data[i];
  if (fits) return OkStatus();
  return InvalidArgument("indices have shape ", indices.ToString(), ", data has ", data.ToString(),
                         ": expected the same rank, and no dimension but ", axis, " larger");
}

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), context.input(1).dims);
  if (!context.has_dims(0) || !context.has_dims(1)) return OkStatus();
  const int rank = static_cast<int>(context.dims(0).size());
  PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(context.attrs().Int("axis", 0), rank));
  const auto data = ConcreteShape(context.dims(0)), indices = ConcreteShape(context.dims(1));
  return data.has_value() && indices.has_value() ? CheckShapes(*data, *indices, axis) : OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Tensor& data = context.input(0);
  const Shape& in = data.shape();
  PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(context.attrs().Int("axis", 0), in.rank()));
  const Shape& out = context.input(1).shape();
  PLUMB_RETURN_IF_ERROR(CheckShapes(in, out, axis));
  PLUMB_ASSIGN_OR_RETURN(const auto indices, NormalIndices(context.input(1), in[axis]));
  const Strides strides = RowMajorStrides(in);
  std::size_t next = 0;
  return CopyByIndex(context, data, out, [&](const Dims& index) {
    return DotIndex(index, strides) + (indices[next++] - index[axis]) * strides[axis];
  });
}

// --- gradient ---
Status Gradient(GradientContext& context) {
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  const std::int64_t axis = context.node().attrs.Int("axis", 0);
  const Expr zeros = Call("ConstantOfShape", {ShapeOf(InputOf(context, 0))},
                          Attrs({{"value", Tensor::Zeros(gradient.dtype(), Shape{1})}}));
  context.SetInputGradient(0, Call("ScatterElements", {zeros, InputOf(context, 1), gradient},
                                   Attrs({{"axis", axis}, {"reduction", "add"}}))
                                  .id());
  return context.builder().status();
}

// --- lowering ---
Status Lower(LowerContext& context) {
  if (!IsPackedAndPlain(context)) return OkStatus();
  const Operand& data = context.input(0);
  kernels::GatherElementsProblem problem;
  PLUMB_ASSIGN_OR_RETURN(problem.axis,
                         NormalizeAxis(context.attrs().Int("axis", 0), data.shape.rank()));
  problem.wide_indices = context.input(1).dtype == DType::kInt64;
  problem.element_bytes = static_cast<int>(StorageBytes(data.dtype, 1));
  problem.src_sizes = data.shape;
  problem.index_sizes = context.input(1).shape;
  AddIndexingKernel(context, "gather_elements",
                    kernels::BindGatherElements(problem, context.target()));
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {
      {.name = "rows", .inputs = {F32({3, 3}), Given(DType::kInt64, {2, 3}, {1, 2, 0, -1, 0, 0})}},
      {.name = "last",
       .inputs = {F32({2, 4}), Random(DType::kInt32, {2, 6}, -4, 3)},
       .attrs = Attrs({{"axis", -1}})},
      {.name = "middle",
       .inputs = {F32({2, 3, 4}), Random(DType::kInt64, {1, 5, 2}, 0, 2)},
       .attrs = Attrs({{"axis", 1}})}};
}

}  // namespace

const OpDef& GatherElementsOp() {
  static const OpDef op{
      .name = "GatherElements",
      .doc = "output[i...] = data[i... with i[axis] = indices[i...]]",
      .since_opset = 11,
      .inputs = {{"data", "T=any"}, {"indices", "index"}},
      .outputs = {{"output", "T=any"}},
      .attrs = {{"axis", AttrType::kInt}},
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = Gradient,
      .cost = MovementCost,
      .lower = Lower,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
