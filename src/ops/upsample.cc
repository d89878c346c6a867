// Upsample: the older form of Resize, by `scales` with the asymmetric rule; when a model is loaded
// it becomes a Resize. Opsets: 7 (scales are an attribute), 9 (an input); gone in 10.
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/resize_sampling.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

AttrMap UpsampleRules(AttrMap attrs) {
  attrs.Set("coordinate_transformation_mode", "asymmetric");
  attrs.Set("nearest_mode", "floor");
  return attrs;
}

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Tensor* scales = context.constant(1);
  const auto in = context.has_dims(0) ? ConcreteShape(context.dims(0)) : std::nullopt;
  if (!context.has_dims(0)) return OkStatus();
  DimVector out(context.dims(0).size(), context.FreshDim());
  if (scales != nullptr && in.has_value()) {
    const ResizeRequest request{.scales = ToDoubles(*scales), .roi = {}, .sizes = {}};
    PLUMB_ASSIGN_OR_RETURN(const auto axes,
                           ResolveResize(*in, UpsampleRules(context.attrs()), request));
    for (std::size_t i = 0; i < axes.size(); ++i) out[i] = Dim(axes[i].out);
  }
  context.SetOutput(0, context.dtype(0), out);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const ResizeRequest request{.scales = ToDoubles(context.input(1)), .roi = {}, .sizes = {}};
  return ResampleReference(context, UpsampleRules(context.attrs()), request);
}

// --- upgrade ---
Status Upgrade(UpgradeContext& context) {
  ValueId scales = kNoValue;
  GraphBuilder& builder = context.builder();
  if (context.attrs.Has("scales")) {
    const std::vector<float> values = context.attrs.Floats("scales");
    scales = builder.Constant(
        Tensor::FromVector<float>(Shape{static_cast<std::int64_t>(values.size())}, values));
    context.attrs.Erase("scales");
  } else if (context.inputs.size() == 2) {
    scales = context.inputs[1];
  }
  if (scales == kNoValue || context.inputs.empty()) return InvalidArgument("scales are needed");
  context.replacement = std::vector<ValueId>{
      builder.Call("Resize", {context.inputs[0], kNoValue, scales}, UpsampleRules(context.attrs))};
  return builder.status();
}

// --- samples ---
SampleInput Scales(std::vector<double> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return Constant(Given(DType::kFloat32, {count}, std::move(values)));
}

std::vector<Sample> Samples() {
  return {{.name = "nearest", .inputs = {F32({1, 2, 3, 2}), Scales({1, 1, 2, 3})}},
          {.name = "linear",
           .inputs = {F32({1, 2, 3, 2}), Scales({1, 1, 2, 3})},
           .attrs = Attrs({{"mode", "linear"}})}};
}

}  // namespace

const OpDef& UpsampleOp() {
  static const OpDef op{
      .name = "Upsample",
      .doc = "the older form of Resize: by `scales`, asymmetric",
      .since_opset = 7,
      .inputs = {{"X", "T=any"}, {"scales", "f32"}},
      .outputs = {{"Y", "T=any"}},
      .attrs = {{"mode", AttrType::kString}},
      .differentiability = Differentiability::kNotYet,
      .infer = Infer,
      .reference = Reference,
      .cost = MovementCost,
      .upgrade = Upgrade,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
