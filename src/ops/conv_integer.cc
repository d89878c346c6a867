// ConvInteger: Conv of (x - x_zero_point) and (w - w_zero_point) in 32 bits.
#include <vector>

#include "ops/cast_element.h"
#include "ops/convolution.h"
#include "ops/expression.h"
#include "ops/quantized_product.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "ConvInteger";
  op.doc = "y = Conv(x - x_zero_point, w - w_zero_point) as i32; padding counts as the zero point";
  op.since_opset = 10;
  op.inputs = {{"x", "T1=i8|u8"},
               {"w", "T2=i8|u8"},
               {"x_zero_point", "T1", Arity::kOptional},
               {"w_zero_point", "T2", Arity::kOptional}};
  op.outputs = {{"y", "i32"}};
  op.attrs = ConvAttrs(/*transposed=*/false);
  op.differentiability = Differentiability::kNot;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) { return InferQuantizedConv(context, 0, 1, DType::kInt32); }

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const Tensor sums, QuantizedConv(context, {0, 2}, {1, 3}));
  PLUMB_ASSIGN_OR_RETURN(Tensor y, CastTensor(sums, DType::kInt32));
  context.SetOutput(0, std::move(y));
  return OkStatus();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return ConvCost(node, /*transposed=*/false); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto u8 = [](Sizes shape) { return Random(DType::kUInt8, std::move(shape), 0, 255); };
  const auto i8 = [](Sizes shape) { return Random(DType::kInt8, std::move(shape), -128, 127); };
  const AttrMap padded = Attrs({{"pads", Sizes{1, 1, 1, 1}}});
  return {
      {"u8 by i8", {u8({1, 3, 5, 5}), i8({4, 3, 3, 3})}, {}, 1, 0},
      {"padded with zero point",
       {u8({2, 3, 4, 5}), u8({4, 3, 3, 3}), u8({}), u8({})},
       padded,
       1,
       0},
      {"zero point per channel", {i8({1, 2, 4, 4}), i8({3, 2, 2, 2}), i8({}), i8({3})}, {}, 1, 0},
  };
}

}  // namespace

const OpDef& ConvIntegerOp() {
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
