// GroupNormalization: neighbouring channels of each image by their common mean and variance.
#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/group_normalize.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

double Epsilon(const AttrMap& attrs) { return attrs.Float("epsilon", 1e-5f); }
std::int64_t Groups(const AttrMap& attrs) { return attrs.Int("num_groups", 1); }

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "GroupNormalization";
  op.doc =
      "Y = scale (X - mean) / sqrt(var + epsilon) + bias, mean and var of each image's group "
      "of channels";
  op.since_opset = 18;
  op.inputs = {{"X", "T=float"}, {"scale", "T"}, {"bias", "T"}};
  op.outputs = {{"Y", "T"}};
  op.attrs = {{"epsilon", AttrType::kFloat},
              {"num_groups", AttrType::kInt, /*required=*/true},
              {"stash_type", AttrType::kInt}};
  op.layout = LayoutRule::kChannelsLast;
  op.differentiability = Differentiability::kYes;
  return op;
}

// Before opset 21 scale and bias had one element per group.
Status Upgrade(UpgradeContext& context) {
  if (context.opset() >= 21) return OkStatus();
  const Expr x(&context.builder(), context.inputs[0]);
  const std::int64_t groups = Groups(context.attrs);
  if (x.dims() == nullptr || x.dims()->size() < 2 || !(*x.dims())[1].is_constant()) {
    return Unimplemented("GroupNormalization before opset 21 needs a known number of channels");
  }
  const std::int64_t channels = (*x.dims())[1].value();
  if (groups < 1 || channels % groups != 0) {
    return InvalidArgument("attribute 'num_groups' is ", groups, ", which does not divide ",
                           channels, " channels");
  }
  for (std::size_t i = 1; i < 3; ++i) {
    const Expr vector(&context.builder(), context.inputs[i]);
    const Expr repeated = Expand(Reshape(vector, Ints(vector, {groups, 1})),
                                 Ints(vector, {groups, channels / groups}));
    context.inputs[i] = Reshape(repeated, Ints(vector, {channels})).id();
  }
  return context.builder().status();
}

// --- shape inference, reference, gradient, cost, lowering ---------------------------------------
Status Infer(InferContext& context) {
  const std::int64_t groups = Groups(context.attrs());
  if (groups < 1) {
    return InvalidArgument("attribute 'num_groups' is ", groups, ", expected 1 or more");
  }
  return InferGroupNorm(context, groups);
}
Status Reference(ReferenceContext& context) {
  return ReferenceGroupNorm(context, Groups(context.attrs()), Epsilon(context.attrs()));
}
Status Gradient(GradientContext& context) {
  const AttrMap attrs = context.node().attrs;
  return GroupNormGradient(context, Groups(attrs), Epsilon(attrs));
}
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 8); }
Status Lower(LowerContext& context) {
  return LowerGroupNorm(context, Groups(context.attrs()), Epsilon(context.attrs()));
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto sample = [](const char* name, Sizes x, std::int64_t groups) {
    const Sizes channels = {x[1]};
    return Sample{name,
                  {F32(std::move(x)), F32(channels, 0.5, 2), F32(channels)},
                  Attrs({{"num_groups", groups}}),
                  1,
                  1e-4};
  };
  return {
      sample("two groups", {2, 6, 3, 5}, 2),
      sample("one group", {1, 5, 4, 4}, 1),
      sample("a group for each channel", {2, 4, 3, 3}, 4),
      sample("wide groups", {1, 32, 3, 3}, 2),
      sample("one dimension", {2, 6, 7}, 3),
  };
}

}  // namespace

const OpDef& GroupNormalizationOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = CostOf;
    op.lower = Lower;
    op.upgrade = Upgrade;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
