// ScatterND: output = data, then output[indices[t..., :]..., :] is replaced by (or reduced with)
// updates[t..., :], in row-major order of the tuples t. Opsets: 11, 13, 16 (reduction), 18 (min,
// max).
#include "ops/expression.h"
#include "ops/indexing_kernel.h"
#include "ops/indices.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// data = indexed x slice, indices = tuples x depth, updates = tuples x slice.
struct Parts {
  int depth = 0;
  std::int64_t tuples = 1, slice = 1;
  Shape indexed_sizes;
};

StatusOr<Parts> PartsOf(const Shape& data, const Shape& indices, const Shape& updates) {
  if (data.rank() < 1 || indices.rank() < 1 || indices.back() < 1 || indices.back() > data.rank()) {
    return InvalidArgument("indices have shape ", indices.ToString(), ", data has ",
                           data.ToString(), ": a tuple has 1 to ", data.rank(), " indices");
  }
  Parts parts;
  parts.depth = static_cast<int>(indices.back());
  std::vector<std::int64_t> expected;
  for (int i = 0; i < indices.rank() - 1; ++i) {
    expected.push_back(indices[i]);
    parts.tuples *= indices[i];
  }
  for (int i = 0; i < data.rank(); ++i) {
    if (i < parts.depth) {
      parts.indexed_sizes.Append(data[i]);
    } else {
      expected.push_back(data[i]);
      parts.slice *= data[i];
    }
  }
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, MakeShape(expected));
  if (shape == updates) return parts;
  return InvalidArgument("updates have shape ", updates.ToString(), ", expected ",
                         shape.ToString());
}

// --- shape inference ---
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(ReductionOf(context.attrs()).status());
  context.SetOutput(0, context.dtype(0), context.input(0).dims);
  if (!context.has_dims(0) || !context.has_dims(1) || !context.has_dims(2)) return OkStatus();
  const auto data = ConcreteShape(context.dims(0)), indices = ConcreteShape(context.dims(1));
  const auto updates = ConcreteShape(context.dims(2));
  if (!data.has_value() || !indices.has_value() || !updates.has_value()) return OkStatus();
  return PartsOf(*data, *indices, *updates).status();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Tensor& data = context.input(0);
  const Tensor& updates = context.input(2);
  PLUMB_ASSIGN_OR_RETURN(const ScatterReduction reduction, ReductionOf(context.attrs()));
  PLUMB_ASSIGN_OR_RETURN(const Parts parts,
                         PartsOf(data.shape(), context.input(1).shape(), updates.shape()));
  PLUMB_ASSIGN_OR_RETURN(const auto indices,
                         NormalTuples(context.input(1), parts.indexed_sizes.span()));
  const Strides strides = RowMajorStrides(parts.indexed_sizes);
  std::vector<std::int64_t> positions;
  for (std::int64_t t = 0; t < parts.tuples; ++t) {
    std::int64_t to = 0;
    for (int d = 0; d < parts.depth; ++d) {
      to += indices[static_cast<std::size_t>(t * parts.depth + d)] * strides[d];
    }
    for (std::int64_t i = 0; i < parts.slice; ++i) positions.push_back(to * parts.slice + i);
  }
  Tensor out = data.Clone();
  PLUMB_RETURN_IF_ERROR(ScatterInto(&out, positions, updates, reduction));
  context.SetOutput(0, std::move(out));
  return OkStatus();
}

// --- gradient ---
// As that of ScatterElements; tuples have to differ where updates replace.
Status Gradient(GradientContext& context) {
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  PLUMB_ASSIGN_OR_RETURN(const ScatterReduction reduction, ReductionOf(context.node().attrs));
  const Expr indices = InputOf(context, 1), updates = InputOf(context, 2);
  if (reduction == ScatterReduction::kAdd) {
    context.SetInputGradient(0, gradient.id());
  } else if (reduction == ScatterReduction::kReplace) {
    const Expr zeros = Expand(Number(gradient, 0), ShapeOf(updates));
    context.SetInputGradient(0, Call("ScatterND", {gradient, indices, zeros}).id());
  } else {
    return Unimplemented("the gradient of ScatterND with reduction mul, min or max");
  }
  context.SetInputGradient(2, Call("GatherND", {gradient, indices}).id());
  return context.builder().status();
}

// --- lowering ---
Status Lower(LowerContext& context) {
  if (!IsPackedAndPlain(context)) return OkStatus();
  const Operand& data = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const Parts parts,
                         PartsOf(data.shape, context.input(1).shape, context.input(2).shape));
  kernels::ScatterNdProblem problem;
  PLUMB_ASSIGN_OR_RETURN(problem.reduction, ReductionOf(context.attrs()));
  problem.dtype = data.dtype;
  problem.wide_indices = context.input(1).dtype == DType::kInt64;
  problem.tuples = parts.tuples;
  problem.depth = parts.depth;
  problem.indexed_sizes = parts.indexed_sizes;
  problem.slice_elements = parts.slice;
  AddIndexingKernel(context, "scatter_nd", kernels::BindScatterNd(problem, context.target()));
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "elements",
           .inputs = {F32({8}), Given(DType::kInt64, {4, 1}, {4, 3, 1, 7}), F32({4})}},
          {.name = "slices",
           .inputs = {F32({4, 3}), Given(DType::kInt64, {2, 1}, {0, -1}), F32({2, 3})}},
          {.name = "add_equal",
           .inputs = {F32({4, 3}), Given(DType::kInt64, {3, 1}, {1, 1, 2}), F32({3, 3})},
           .attrs = Attrs({{"reduction", "add"}})},
          {.name = "max",
           .inputs = {F32({3, 2}), Given(DType::kInt64, {2, 2}, {0, 1, 0, 1}), F32({2})},
           .attrs = Attrs({{"reduction", "max"}}),
           .gradient = false}};
}

}  // namespace

const OpDef& ScatterNDOp() {
  static const OpDef op{
      .name = "ScatterND",
      .doc =
          "data with the slices at indices[t..., :] replaced by or reduced with updates[t..., :]",
      .since_opset = 11,
      .inputs = {{"data", "T=any"}, {"indices", "index"}, {"updates", "T=any"}},
      .outputs = {{"output", "T=any"}},
      .attrs = {{"reduction", AttrType::kString}},
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
