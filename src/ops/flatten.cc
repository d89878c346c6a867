// Flatten: [d0 ... d(axis-1), d(axis) ...] becomes [d0 * ... * d(axis-1), the rest].
// Opsets: 1, 9, 11 (negative axis), 13, 21.
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// `axis` may be equal to the rank.
StatusOr<int> SplitAxis(const AttrMap& attrs, int rank) {
  const std::int64_t axis = attrs.Int("axis", 1);
  if (axis < -rank || axis > rank) {
    return InvalidArgument("axis ", axis, " is outside of [", -rank, ", ", rank, "]");
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

// --- shape inference ---
Status Infer(InferContext& context) {
  std::optional<DimVector> dims;
  if (context.has_dims(0)) {
    const DimVector& in = context.dims(0);
    PLUMB_ASSIGN_OR_RETURN(const int axis, SplitAxis(context.attrs(), static_cast<int>(in.size())));
    std::optional<Dim> sides[2] = {Dim(1), Dim(1)};
    for (int i = 0; i < static_cast<int>(in.size()); ++i) {
      std::optional<Dim>& side = sides[i < axis ? 0 : 1];
      if (side.has_value()) side = Dim::Multiply(*side, in[static_cast<std::size_t>(i)]);
    }
    dims = DimVector{sides[0].has_value() ? *sides[0] : context.FreshDim(),
                     sides[1].has_value() ? *sides[1] : context.FreshDim()};
  }
  context.SetOutput(0, context.dtype(0), dims);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Shape& in = context.input(0).shape();
  PLUMB_ASSIGN_OR_RETURN(const int axis, SplitAxis(context.attrs(), in.rank()));
  Shape out{1, 1};
  for (int i = 0; i < in.rank(); ++i) out[i < axis ? 0 : 1] *= in[i];
  context.SetOutput(0, context.input(0).Reshaped(out));
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "default", .inputs = {F32({2, 3, 4})}},
          {.name = "axis_0", .inputs = {F32({2, 3})}, .attrs = Attrs({{"axis", 0}})},
          {.name = "last", .inputs = {F32({2, 3, 2})}, .attrs = Attrs({{"axis", -1}})},
          {.name = "scalar", .inputs = {F32({})}, .attrs = Attrs({{"axis", 0}})}};
}

}  // namespace

const OpDef& FlattenOp() {
  static const OpDef op{
      .name = "Flatten",
      .doc = "a matrix: dimensions before `axis` become rows, the others columns",
      .inputs = {{"input", "T=any"}},
      .outputs = {{"output", "T=any"}},
      .attrs = {{"axis", AttrType::kInt}},
      .aliases_input = true,
      .layout = LayoutRule::kMovement,
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = ReshapeGradient,
      .cost = AliasCost,
      .movement = SamePositions,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
