// Unsqueeze: inserts dimensions of size 1 at positions `axes` of the output. Opsets: 1, 11, 13
// (axes became an input), 21.
#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// For each dimension of the output: is it new?
StatusOr<std::vector<bool>> Inserted(const std::vector<std::int64_t>& axes, int in_rank) {
  const std::size_t rank = static_cast<std::size_t>(in_rank) + axes.size();
  if (rank > static_cast<std::size_t>(kMaxRank)) {
    return InvalidArgument("the output would have ", rank, " dimensions, at most ", kMaxRank,
                           " are possible");
  }
  std::vector<bool> inserted(rank, false);
  for (std::int64_t axis : axes) {
    PLUMB_ASSIGN_OR_RETURN(const int normal, NormalizeAxis(axis, static_cast<int>(rank)));
    if (inserted[static_cast<std::size_t>(normal)]) {
      return InvalidArgument("axis ", axis, " is given twice");
    }
    inserted[static_cast<std::size_t>(normal)] = true;
  }
  return inserted;
}

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const auto axes = context.ints(1);
  if (!context.has_dims(0) || !axes.has_value()) return OkStatus();
  const DimVector& in = context.dims(0);
  PLUMB_ASSIGN_OR_RETURN(const std::vector<bool> inserted,
                         Inserted(*axes, static_cast<int>(in.size())));
  DimVector out;
  std::size_t next = 0;
  for (bool is_new : inserted) out.push_back(is_new ? Dim(1) : in[next++]);
  context.SetOutput(0, context.dtype(0), out);
  CopyContent(context);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Shape& in = context.input(0).shape();
  PLUMB_ASSIGN_OR_RETURN(const std::vector<bool> inserted,
                         Inserted(ToInt64s(context.input(1)), in.rank()));
  Shape out;
  int next = 0;
  for (bool is_new : inserted) out.Append(is_new ? 1 : in[next++]);
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
  return {{.name = "ends", .inputs = {F32({2, 3}), ConstantInts({0, -1})}},
          {.name = "unordered", .inputs = {F32({2, 3}), ConstantInts({3, 1})}},
          {.name = "scalar", .inputs = {Random(DType::kInt64, {}, 0, 5), ConstantInts({0})}}};
}

}  // namespace

const OpDef& UnsqueezeOp() {
  static const OpDef op{
      .name = "Unsqueeze",
      .doc = "inserts dimensions of size 1 at positions `axes` of the output",
      .inputs = {{"data", "T=any"}, {"axes", "index"}},
      .outputs = {{"expanded", "T=any"}},
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
