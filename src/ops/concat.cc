// Concat: joins the inputs along `axis`; their other dimensions are equal. Opsets: 4, 11 (negative
// axis), 13.
#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- shape inference ---
Status MergeDim(Dim* merged, const Dim& dim, std::size_t axis, int input) {
  if (dim == *merged || !dim.is_constant()) return OkStatus();
  if (merged->is_constant()) {
    return InvalidArgument("dimension ", axis, " of input ", input, " is ", dim.value(),
                           ", of input 0 it is ", merged->value());
  }
  *merged = dim;
  return OkStatus();
}

void SetJoinedContent(InferContext& context) {
  DimVector joined;
  for (int i = 0; i < context.num_inputs(); ++i) {
    const auto content = context.content(i);
    if (!content.has_value()) return;
    joined.insert(joined.end(), content->begin(), content->end());
    if (joined.size() > kMaxContent) return;
  }
  SetKnownContent(context, joined);
}

Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), std::nullopt);
  for (int i = 0; i < context.num_inputs(); ++i) {
    if (!context.has_dims(i)) return OkStatus();
  }
  DimVector out = context.dims(0);
  PLUMB_ASSIGN_OR_RETURN(
      const int axis, NormalizeAxis(context.attrs().Int("axis", 1), static_cast<int>(out.size())));
  const auto joined = static_cast<std::size_t>(axis);
  std::optional<Dim> total = out[joined];
  for (int i = 1; i < context.num_inputs(); ++i) {
    const DimVector& dims = context.dims(i);
    if (dims.size() != out.size()) {
      return InvalidArgument("input ", i, " has rank ", dims.size(), ", input 0 has rank ",
                             out.size());
    }
    for (std::size_t d = 0; d < dims.size(); ++d) {
      if (d != joined) PLUMB_RETURN_IF_ERROR(MergeDim(&out[d], dims[d], d, i));
    }
    if (total.has_value()) total = Dim::Add(*total, dims[joined]);
  }
  out[joined] = total.has_value() ? *total : context.FreshDim();
  context.SetOutput(0, context.dtype(0), out);
  SetJoinedContent(context);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  Shape out = context.input(0).shape();
  PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(context.attrs().Int("axis", 1), out.rank()));
  for (int i = 1; i < context.num_inputs(); ++i) {
    Shape shape = context.input(i).shape();
    if (shape.rank() != out.rank()) {
      return InvalidArgument("input ", i, " has shape ", shape.ToString(), ", input 0 has ",
                             context.input(0).shape().ToString());
    }
    const std::int64_t size = shape[axis];
    shape[axis] = out[axis];
    if (shape != out) {
      return InvalidArgument("input ", i, " has shape ", context.input(i).shape().ToString(),
                             ", input 0 has ", context.input(0).shape().ToString(),
                             ": they may differ in dimension ", axis, " only");
    }
    out[axis] += size;
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor * result, context.Allocate(0, context.input(0).dtype(), out));
  const Strides strides = RowMajorStrides(out);
  std::int64_t begin = 0;
  for (int i = 0; i < context.num_inputs(); ++i) {
    const Tensor& part = context.input(i);
    const ElementCopier copier(part, result);
    ForEachIndex(part.shape(), [&](const Dims& index, std::int64_t position) {
      copier.Copy(position, begin * strides[axis] + DotIndex(index, strides));
    });
    begin += part.shape()[axis];
  }
  return OkStatus();
}

// --- gradient ---
Status Gradient(GradientContext& context) {
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  const std::int64_t axis = context.node().attrs.Int("axis", 1);
  const int count = static_cast<int>(context.node().inputs.size());
  // The sizes of the parts as the graph finds them, so that symbols need not be known.
  std::vector<ValueId> sizes;
  for (int i = 0; i < count; ++i) {
    sizes.push_back(Call("Gather", {ShapeOf(InputOf(context, i)), Ints(gradient, {axis})}).id());
  }
  GraphBuilder& builder = context.builder();
  const ValueId all = builder.Call("Concat", sizes, Attrs({{"axis", 0}}));
  const std::vector<ValueId> parts =
      builder.CallN("Split", {gradient.id(), all}, count, Attrs({{"axis", axis}}));
  PLUMB_RETURN_IF_ERROR(builder.status());
  for (int i = 0; i < count; ++i) {
    context.SetInputGradient(i, parts[static_cast<std::size_t>(i)]);
  }
  return OkStatus();
}

// --- lowering ---
StatusOr<Movement> MovementOf(const ConcreteNode& node) {
  const Shape& out = node.output_shapes[0];
  PLUMB_ASSIGN_OR_RETURN(const int axis,
                         NormalizeAxis(node.node->attrs.Int("axis", 1), out.rank()));
  const Strides strides = RowMajorStrides(out);
  Movement movement;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < node.input_shapes.size(); ++i) {
    Region region;
    region.source = static_cast<int>(i);
    region.sizes = node.input_shapes[i];
    region.src_strides = RowMajorStrides(region.sizes);
    region.dst_offset = begin * strides[axis];
    region.dst_strides = strides;
    begin += region.sizes[axis];
    movement.regions.push_back(region);
  }
  return movement;
}

// --- samples ---
std::vector<Sample> Samples() {
  return {
      {.name = "channels",
       .inputs = {F32({2, 3, 2}), F32({2, 1, 2}), F32({2, 2, 2})},
       .attrs = Attrs({{"axis", 1}})},
      {.name = "last", .inputs = {F32({2, 3}), F32({2, 2})}, .attrs = Attrs({{"axis", -1}})},
      {.name = "with_empty", .inputs = {F32({2, 0}), F32({2, 2})}, .attrs = Attrs({{"axis", 1}})},
      {.name = "one", .inputs = {F32({3})}, .attrs = Attrs({{"axis", 0}})}};
}

}  // namespace

const OpDef& ConcatOp() {
  static const OpDef op{
      .name = "Concat",
      .doc = "the inputs one after the other along `axis`",
      .since_opset = 4,
      .inputs = {{"inputs", "T=any", Arity::kVariadic}},
      .outputs = {{"concat_result", "T=any"}},
      .attrs = {{"axis", AttrType::kInt, true}},
      .layout = LayoutRule::kMovement,
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = Gradient,
      .cost = MovementCost,
      .movement = MovementOf,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
