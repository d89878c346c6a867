// InstanceNormalization: each channel of each image by its own mean and variance.
#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/group_normalize.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

double Epsilon(const AttrMap& attrs) { return attrs.Float("epsilon", 1e-5f); }

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "InstanceNormalization";
  op.doc =
      "output = scale (x - mean) / sqrt(var + epsilon) + B, mean and var of each image's channel";
  op.since_opset = 6;
  op.inputs = {{"input", "T=float"}, {"scale", "T"}, {"B", "T"}};
  op.outputs = {{"output", "T"}};
  op.attrs = {{"epsilon", AttrType::kFloat}};
  op.layout = LayoutRule::kChannelsLast;
  op.differentiability = Differentiability::kYes;
  return op;
}

// --- shape inference, reference, gradient, cost, lowering ---------------------------------------
Status Infer(InferContext& context) { return InferGroupNorm(context, 0); }
Status Reference(ReferenceContext& context) {
  return ReferenceGroupNorm(context, 0, Epsilon(context.attrs()));
}
Status Gradient(GradientContext& context) {
  return GroupNormGradient(context, 0, Epsilon(context.node().attrs));
}
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 8); }
Status Lower(LowerContext& context) { return LowerGroupNorm(context, 0, Epsilon(context.attrs())); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto sample = [](const char* name, Sizes x, const AttrMap& attrs = {}) {
    const Sizes channels = {x[1]};
    return Sample{name, {F32(std::move(x)), F32(channels, 0.5, 2), F32(channels)}, attrs, 1, 1e-4};
  };
  return {
      sample("image", {2, 3, 5, 4}),
      sample("17 channels", {1, 17, 6, 6}, Attrs({{"epsilon", 0.1f}})),
      sample("one dimension", {2, 4, 9}),
      sample("three dimensions", {1, 2, 3, 4, 2}),
  };
}

}  // namespace

const OpDef& InstanceNormalizationOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = CostOf;
    op.lower = Lower;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
