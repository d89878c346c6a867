// Expand: the input broadcast with `shape` by the rules of numpy, so that a dimension of size 1 in
// either takes the size of the other. Opsets: 8, 13.
#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// Strides of the input under the indices of the output: zero where it is repeated.
Strides Walk(const Shape& in, const Shape& out) {
  const Strides strides = RowMajorStrides(in);
  Strides walk(out.rank(), 0);
  const int lead = out.rank() - in.rank();
  for (int i = 0; i < in.rank(); ++i) walk[lead + i] = in[i] == 1 ? 0 : strides[i];
  return walk;
}

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const auto target = context.content(1);
  if (!context.has_dims(0)) return OkStatus();
  if (target.has_value()) {
    for (const Dim& dim : *target) {
      if (dim.is_constant() && dim.value() < 0) {
        return InvalidArgument("shape has the size ", dim.value());
      }
    }
    PLUMB_ASSIGN_OR_RETURN(const DimVector out, BroadcastDims(context.dims(0), *target));
    context.SetOutput(0, context.dtype(0), out);
    const auto content = context.content(0);
    if (content.has_value() && content->size() == 1 && out.size() == 1 && out[0].is_constant() &&
        out[0].value() <= static_cast<std::int64_t>(kMaxContent)) {
      SetKnownContent(context, DimVector(static_cast<std::size_t>(out[0].value()), (*content)[0]));
    }
    return OkStatus();
  }
  if (context.has_dims(1) && context.dims(1).size() == 1 && context.dims(1)[0].is_constant() &&
      context.dims(1)[0].value() <= kMaxRank) {
    const auto rank =
        std::max(context.dims(0).size(), static_cast<std::size_t>(context.dims(1)[0].value()));
    DimVector out(rank);
    for (Dim& dim : out) dim = context.FreshDim();
    context.SetOutput(0, context.dtype(0), out);
  }
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Tensor& input = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const Shape target, MakeShape(ToInt64s(context.input(1))));
  PLUMB_ASSIGN_OR_RETURN(const Shape out, BroadcastShapes(input.shape(), target));
  const Strides walk = Walk(input.shape(), out);
  return CopyByIndex(context, input, out, [&](const Dims& index) { return DotIndex(index, walk); });
}

// --- gradient ---
Status Gradient(GradientContext& context) {
  SetGradient(context, 0, GradientOf(context));
  return context.builder().status();
}

// --- lowering ---
StatusOr<Movement> MovementOf(const ConcreteNode& node) {
  return OneRegion(node.output_shapes[0], 0, Walk(node.input_shapes[0], node.output_shapes[0]));
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "rows", .inputs = {F32({3, 1}), ConstantInts({3, 4})}},
          {.name = "new_dimensions", .inputs = {F32({3, 1}), ConstantInts({2, 1, 5})}},
          {.name = "smaller_target", .inputs = {F32({2, 3}), ConstantInts({1})}},
          {.name = "scalar", .inputs = {F32({}), ConstantInts({2, 2})}},
          {.name = "at_run_time", .inputs = {F32({1, 2}), Given(DType::kInt64, {2}, {3, 2})}}};
}

}  // namespace

const OpDef& ExpandOp() {
  static const OpDef op{
      .name = "Expand",
      .doc = "the input broadcast with the shape `shape`",
      .since_opset = 8,
      .inputs = {{"input", "T=any"}, {"shape", "index"}},
      .outputs = {{"output", "T=any"}},
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
