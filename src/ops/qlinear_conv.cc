// QLinearConv: the convolution of a quantised image and weight plus an i32 bias, quantised again.
#include <utility>
#include <vector>

#include "ops/convolution.h"
#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/quantized_output.h"
#include "ops/quantized_product.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "QLinearConv";
  op.doc =
      "y = saturate(round((Conv(x - x_zero_point, w - w_zero_point) + B) * (x_scale w_scale / "
      "y_scale)) + y_zero_point), in fp32";
  op.since_opset = 10;
  op.inputs = {{"x", "T1=i8|u8"},  {"x_scale", "f32"},           {"x_zero_point", "T1"},
               {"w", "T2=i8|u8"},  {"w_scale", "f32"},           {"w_zero_point", "T2"},
               {"y_scale", "f32"}, {"y_zero_point", "T3=i8|u8"}, {"B", "i32", Arity::kOptional}};
  op.outputs = {{"y", "T3"}};
  op.attrs = ConvAttrs(/*transposed=*/false);
  op.layout = LayoutRule::kChannelsLast;
  op.differentiability = Differentiability::kNot;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) { return InferQuantizedConv(context, 0, 3, context.dtype(7)); }

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const Tensor sums, QuantizedConv(context, {kX, kXZero}, {kW, kWZero}));
  return WriteQuantized(context, sums, /*axis=*/1);
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) {
  const StatusOr<Convolution> c =
      MakeConv(node.node->attrs, node.input_shapes[0], node.input_shapes[3]);
  return CostOfMacs(node, c.ok() ? c->macs() : 0);
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto u8 = [](Sizes shape) { return Random(DType::kUInt8, std::move(shape), 0, 255); };
  const auto i8 = [](Sizes shape) { return Random(DType::kInt8, std::move(shape), -128, 127); };
  const auto scale = [](double value) { return Constant(Given(DType::kFloat32, {}, {value})); };
  const AttrMap padded = Attrs({{"pads", Sizes{1, 1, 1, 1}}});
  return {
      {"u8",
       {u8({1, 3, 5, 5}), scale(0.01), u8({}), u8({4, 3, 3, 3}), scale(0.02), u8({}), scale(0.2),
        u8({})},
       {},
       1,
       0},
      {"per channel with bias",
       {u8({2, 3, 4, 5}), scale(0.01), u8({}), i8({4, 3, 3, 3}), Constant(F32({4}, 0.01, 0.03)),
        i8({4}), scale(0.2), u8({}), Random(DType::kInt32, {4}, -999, 999)},
       padded,
       1,
       0},
  };
}

}  // namespace

const OpDef& QLinearConvOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.cost = CostOf;
    op.lower = LowerQuantizedConv;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
