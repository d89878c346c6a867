// DynamicQuantizeLinear: x as u8 with the scale and zero point of its own range, zero included.
#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/cost.h"
#include "ops/quantize.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "DynamicQuantizeLinear";
  op.doc =
      "y_scale = (max(x, 0) - min(x, 0)) / 255, y_zero_point = round(-min / y_scale), "
      "y = saturate(round(x / y_scale) + y_zero_point)";
  op.since_opset = 11;
  op.inputs = {{"x", "f32"}};
  op.outputs = {{"y", "u8"}, {"y_scale", "f32"}, {"y_zero_point", "u8"}};
  op.differentiability = Differentiability::kNot;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  context.SetOutput(0, DType::kUInt8, context.input(0).dims);
  context.SetOutput(1, DType::kFloat32, DimVector());
  context.SetOutput(2, DType::kUInt8, DimVector());
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  const std::vector<double> values = ToDoubles(x);
  double low = 0, high = 0;
  for (const double value : values) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // The scale is what the output says, in fp32; a tensor of zeros has any scale.
  const float scale = high > low ? static_cast<float>((high - low) / 255) : 1.0f;
  const IntegerRange range = {0, 255};
  const double zero = std::clamp(std::nearbyint(-low / scale), range.low, range.high);
  std::vector<double> quantized(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    quantized[i] = QuantizeOne(values[i], scale, zero, range);
  }
  context.SetOutput(0, FromDoubles(DType::kUInt8, x.shape(), quantized));
  if (context.wants_output(1)) context.SetOutput(1, Tensor::Scalar<float>(scale));
  if (context.wants_output(2)) {
    context.SetOutput(2, Tensor::Scalar<std::uint8_t>(static_cast<std::uint8_t>(zero)));
  }
  return OkStatus();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 5); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  return {
      {"both signs", {F32({3, 17}, -2, 5)}, {}, 3, 1e-6},
      {"positive", {F32({9}, 1, 5)}, {}, 3, 1e-6},
      {"zeros", {Given(DType::kFloat32, {3}, {0, 0, 0})}, {}, 3, 1e-6},
  };
}

}  // namespace

const OpDef& DynamicQuantizeLinearOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.cost = CostOf;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
