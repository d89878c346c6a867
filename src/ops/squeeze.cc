// Squeeze: drops dimensions of size 1, those of `axes` or all. Opsets: 1, 11, 13 (axes became an
// input), 21.
#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

StatusOr<std::vector<bool>> Dropped(const std::vector<std::int64_t>& axes, int rank) {
  std::vector<bool> dropped(static_cast<std::size_t>(rank), false);
  for (std::int64_t axis : axes) {
    PLUMB_ASSIGN_OR_RETURN(const int normal, NormalizeAxis(axis, rank));
    dropped[static_cast<std::size_t>(normal)] = true;
  }
  return dropped;
}

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), std::nullopt);
  if (!context.has_dims(0)) return OkStatus();
  const DimVector& in = context.dims(0);
  DimVector out;
  if (context.has_input(1)) {
    const auto axes = context.ints(1);
    if (!axes.has_value()) return OkStatus();
    PLUMB_ASSIGN_OR_RETURN(const std::vector<bool> dropped,
                           Dropped(*axes, static_cast<int>(in.size())));
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (!dropped[i]) {
        out.push_back(in[i]);
      } else if (in[i].is_constant() && in[i].value() != 1) {
        return InvalidArgument("dimension ", i, " has size ", in[i].value(), ", expected 1");
      }
    }
  } else {
    for (const Dim& dim : in) {
      if (!dim.is_constant()) return OkStatus();
      if (dim.value() != 1) out.push_back(dim);
    }
  }
  context.SetOutput(0, context.dtype(0), out);
  CopyContent(context);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Shape& in = context.input(0).shape();
  std::vector<std::int64_t> axes;
  if (context.has_input(1)) {
    axes = ToInt64s(context.input(1));
  } else {
    for (int i = 0; i < in.rank(); ++i) {
      if (in[i] == 1) axes.push_back(i);
    }
  }
  PLUMB_ASSIGN_OR_RETURN(const std::vector<bool> dropped, Dropped(axes, in.rank()));
  Shape out;
  for (int i = 0; i < in.rank(); ++i) {
    if (!dropped[static_cast<std::size_t>(i)]) {
      out.Append(in[i]);
    } else if (in[i] != 1) {
      return InvalidArgument("dimension ", i, " has size ", in[i], ", expected 1");
    }
  }
  context.SetOutput(0, context.input(0).Reshaped(out));
  return OkStatus();
}

// --- upgrade ---
Status Upgrade(UpgradeContext& context) {
  if (context.opset() >= 13 || !context.attrs.Has("axes")) return OkStatus();
  context.inputs.push_back(context.IntsConstant(context.attrs.Ints("axes")));
  context.attrs.Erase("axes");
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "all", .inputs = {F32({1, 3, 1, 2})}},
          {.name = "axes", .inputs = {F32({1, 3, 1, 2}), ConstantInts({-2})}},
          {.name = "to_scalar", .inputs = {F32({1}), ConstantInts({0})}}};
}

}  // namespace

const OpDef& SqueezeOp() {
  static const OpDef op{
      .name = "Squeeze",
      .doc = "drops dimensions of size 1: those of `axes`, or all",
      .inputs = {{"data", "T=any"}, {"axes", "index", Arity::kOptional}},
      .outputs = {{"squeezed", "T=any"}},
      .aliases_input = true,
      .layout = LayoutRule::kMovement,
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = ReshapeGradient,
      .cost = AliasCost,
      .movement = SamePositions,
      .upgrade = Upgrade,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
