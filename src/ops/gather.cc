// Gather: slices of `data` along `axis`, chosen by `indices`,
//   output[outer, i..., inner] = data[outer, indices[i...], inner].
// Opsets: 1, 11 (negative indices), 13.
#include "ops/content.h"
#include "ops/expression.h"
#include "ops/indexing_kernel.h"
#include "ops/indices.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- shape inference ---
// Elements of a known shape picked by known indices.
void GatherContent(InferContext& context) {
  const auto content = context.content(0);
  const auto indices = context.ints(1);
  if (!content.has_value() || !indices.has_value() || context.dims(0).size() != 1) return;
  const auto count = static_cast<std::int64_t>(content->size());
  DimVector picked;
  for (std::int64_t index : *indices) {
    if (index < -count || index >= count || picked.size() >= kMaxContent) return;
    picked.push_back((*content)[static_cast<std::size_t>(index < 0 ? index + count : index)]);
  }
  SetKnownContent(context, picked);
}

Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), std::nullopt);
  if (!context.has_dims(0)) return OkStatus();
  const DimVector& in = context.dims(0);
  PLUMB_ASSIGN_OR_RETURN(
      const int axis, NormalizeAxis(context.attrs().Int("axis", 0), static_cast<int>(in.size())));
  if (!context.has_dims(1)) return OkStatus();
  DimVector out(in.begin(), in.begin() + axis);
  out.insert(out.end(), context.dims(1).begin(), context.dims(1).end());
  out.insert(out.end(), in.begin() + axis + 1, in.end());
  context.SetOutput(0, context.dtype(0), out);
  GatherContent(context);
  return OkStatus();
}

// --- reference ---
struct Extents {
  std::int64_t outer = 1, axis = 1, inner = 1;
};

Extents ExtentsAround(const Shape& shape, int axis) {
  Extents extents;
  for (int i = 0; i < shape.rank(); ++i) {
    (i < axis ? extents.outer : i == axis ? extents.axis : extents.inner) *= shape[i];
  }
  return extents;
}

Status Reference(ReferenceContext& context) {
  const Tensor& data = context.input(0);
  const Shape& in = data.shape();
  PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(context.attrs().Int("axis", 0), in.rank()));
  PLUMB_ASSIGN_OR_RETURN(const auto indices, NormalIndices(context.input(1), in[axis]));
  std::vector<std::int64_t> sizes(in.begin(), in.begin() + axis);
  const Shape& index_shape = context.input(1).shape();
  sizes.insert(sizes.end(), index_shape.begin(), index_shape.end());
  sizes.insert(sizes.end(), in.begin() + axis + 1, in.end());
  PLUMB_ASSIGN_OR_RETURN(const Shape out_shape, MakeShape(sizes));
  PLUMB_ASSIGN_OR_RETURN(Tensor * out, context.Allocate(0, data.dtype(), out_shape));
  const ElementCopier copier(data, out);
  const Extents extents = ExtentsAround(in, axis);
  std::int64_t to = 0;
  for (std::int64_t outer = 0; outer < extents.outer; ++outer) {
    for (std::int64_t index : indices) {
      const std::int64_t from = (outer * extents.axis + index) * extents.inner;
      for (std::int64_t i = 0; i < extents.inner; ++i) copier.Copy(from + i, to++);
    }
  }
  return OkStatus();
}

// --- gradient ---
// Of slices along the first axis (an embedding) the slices of dy are added up where they came from;
// other axes go through positions of single elements.
Status Gradient(GradientContext& context) {
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  if (context.node().attrs.Int("axis", 0) != 0) return PickGradient(context);
  const Expr zeros = Call("ConstantOfShape", {ShapeOf(InputOf(context, 0))},
                          Attrs({{"value", Tensor::Zeros(gradient.dtype(), Shape{1})}}));
  const Expr tuples = Unsqueeze(InputOf(context, 1), {-1});
  context.SetInputGradient(
      0, Call("ScatterND", {zeros, tuples, gradient}, Attrs({{"reduction", "add"}})).id());
  return context.builder().status();
}

// --- lowering ---
Status Lower(LowerContext& context) {
  if (!IsPackedAndPlain(context)) return OkStatus();
  const Operand& data = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const int axis,
                         NormalizeAxis(context.attrs().Int("axis", 0), data.shape.rank()));
  const Extents extents = ExtentsAround(data.shape, axis);
  kernels::GatherProblem problem;
  problem.wide_indices = context.input(1).dtype == DType::kInt64;
  problem.outer = extents.outer;
  problem.axis = extents.axis;
  problem.count = NumElements(context.input(1).shape);
  problem.inner_bytes = StorageBytes(data.dtype, extents.inner);
  AddIndexingKernel(context, "gather", kernels::BindGather(problem, context.target()));
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {
      {.name = "rows", .inputs = {F32({5, 3}), Given(DType::kInt64, {2, 2}, {0, 4, -1, 2})}},
      {.name = "columns",
       .inputs = {F32({2, 4, 3}), Given(DType::kInt32, {3}, {1, 1, -4})},
       .attrs = Attrs({{"axis", 1}})},
      {.name = "scalar_index",
       .inputs = {F32({3, 2}), Given(DType::kInt64, {}, {1})},
       .attrs = Attrs({{"axis", -1}})},
      {.name = "u8",
       .inputs = {Random(DType::kUInt8, {4, 5}, 0, 255), Random(DType::kInt64, {6}, -4, 3)}},
      {.name = "embedding", .inputs = {Weight({50, 16}), Random(DType::kInt64, {2, 7}, 0, 49)}}};
}

}  // namespace

const OpDef& GatherOp() {
  static const OpDef op{
      .name = "Gather",
      .doc = "output[outer, i..., inner] = data[outer, indices[i...], inner]",
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
