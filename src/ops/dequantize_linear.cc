// DequantizeLinear: y = (x - zero point) * scale.
#include <vector>

#include "ops/cast_element.h"
#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/quantize.h"
#include "ops/quantize_lower.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "DequantizeLinear";
  op.doc = "y = (x - x_zero_point) * x_scale, scales per tensor, axis or block";
  op.since_opset = 10;
  op.inputs = {{"x", "T=i8|u8|i16|u16|i32|i4|u4"},
               {"x_scale", "S=float"},
               {"x_zero_point", "T", Arity::kOptional}};
  op.outputs = {{"y", "S"}};
  op.attrs = {{"axis", AttrType::kInt}, {"block_size", AttrType::kInt}};
  op.layout = LayoutRule::kFollow;
  op.quantizing = Quantizing::kDequantizes;
  op.differentiability = Differentiability::kNot;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(1), context.input(0).dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  const Tensor& scale = context.input(1);
  PLUMB_RETURN_IF_ERROR(RangeOf(x.dtype()).status());
  PLUMB_ASSIGN_OR_RETURN(const ScaleLayout layout,
                         MakeScaleLayout(context.attrs(), x.shape(), scale.shape()));
  PLUMB_ASSIGN_OR_RETURN(const Tensor wide, CastTensor(x, DType::kInt32));
  std::vector<double> values = ToDoubles(wide);
  const std::vector<double> scales = ToDoubles(scale);
  std::vector<double> zeros(scales.size());
  if (context.has_input(2)) {
    PLUMB_ASSIGN_OR_RETURN(const Tensor zero, CastTensor(context.input(2), DType::kInt32));
    if (zero.num_elements() != scale.num_elements()) {
      return InvalidArgument("x_zero_point has ", zero.num_elements(), " elements, expected ",
                             scale.num_elements());
    }
    zeros = ToDoubles(zero);
  }
  ForEachScaled(layout, [&](std::size_t i, std::size_t s) {
    values[i] = (values[i] - zeros[s]) * scales[s];
  });
  context.SetOutput(0, FromDoubles(scale.dtype(), x.shape(), values));
  return OkStatus();
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) { return LowerDequantize(context); }

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 2); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto scalar = [](double value, DType type = DType::kFloat32) {
    return Constant(Given(type, {}, {value}));
  };
  const AttrMap blocks = Attrs({{"axis", std::int64_t{1}}, {"block_size", std::int64_t{3}}});
  return {
      {"u8",
       {Random(DType::kUInt8, {3, 17}, 0, 255), scalar(0.02), scalar(128, DType::kUInt8)},
       {},
       1,
       1e-6},
      {"i8", {Random(DType::kInt8, {7}, -128, 127), scalar(0.5)}, {}, 1, 1e-6},
      {"i32", {Random(DType::kInt32, {7}, -1e6, 1e6), scalar(0.001)}, {}, 1, 1e-6},
      {"per channel",
       {Random(DType::kInt8, {2, 3, 4}, -128, 127), Constant(F32({3}, 0.01, 0.1)),
        Constant(Random(DType::kInt8, {3}, -9, 9))},
       {},
       1,
       1e-6},
      {"per block",
       {Random(DType::kUInt8, {2, 8}, 0, 255), Constant(F32({2, 3}, 0.01, 0.1))},
       blocks,
       1,
       1e-6},
  };
}

}  // namespace

const OpDef& DequantizeLinearOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.cost = CostOf;
    op.lower = Lower;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
