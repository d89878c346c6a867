// QLinearMatMul: the product of two quantised matrices, quantised again.
#include <utility>
#include <vector>

#include "ops/cost.h"
#include "ops/quantized_output.h"
#include "ops/quantized_product.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "QLinearMatMul";
  op.doc =
      "y = saturate(round((a - a_zero_point) (b - b_zero_point) * a_scale * b_scale / y_scale) "
      "+ y_zero_point)";
  op.since_opset = 10;
  op.inputs = {{"a", "T1=i8|u8"}, {"a_scale", "TS=float"},     {"a_zero_point", "T1"},
               {"b", "T2=i8|u8"}, {"b_scale", "TS"},           {"b_zero_point", "T2"},
               {"y_scale", "TS"}, {"y_zero_point", "T3=i8|u8"}};
  op.outputs = {{"y", "T3"}};
  op.differentiability = Differentiability::kNot;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  return InferQuantizedProduct(context, 0, 3, context.dtype(7));
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const Tensor sums, QuantizedProduct(context, {kX, kXZero}, {kW, kWZero}));
  return WriteQuantized(context, sums, /*axis=*/-1);
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) {
  const Shape& a = node.input_shapes[0];
  const auto outputs = static_cast<double>(NumElements(node.output_shapes[0]));
  return CostOfMacs(node, outputs * static_cast<double>(a.rank() > 0 ? a.back() : 1));
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto u8 = [](Sizes shape) { return Random(DType::kUInt8, std::move(shape), 0, 255); };
  const auto i8 = [](Sizes shape) { return Random(DType::kInt8, std::move(shape), -128, 127); };
  const auto scale = [](double value) { return Constant(Given(DType::kFloat32, {}, {value})); };
  return {
      {"u8",
       {u8({3, 7}), scale(0.01), u8({}), u8({7, 4}), scale(0.02), u8({}), scale(0.05), u8({})},
       {},
       1,
       0},
      {"i8 per column",
       {i8({3, 7}), scale(0.01), i8({}), i8({7, 4}), Constant(F32({4}, 0.01, 0.03)), i8({4}),
        scale(0.05), i8({})},
       {},
       1,
       0},
  };
}

}  // namespace

const OpDef& QLinearMatMulOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.cost = CostOf;
    op.lower = LowerQuantizedMatMul;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
