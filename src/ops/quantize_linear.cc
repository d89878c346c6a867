// QuantizeLinear: y = saturate(round(x / scale) + zero point), halves to even.
#include <vector>

#include "graph/schema.h"
#include "ops/cast_element.h"
#include "ops/cost.h"
#include "ops/element_type.h"
#include "ops/expression.h"
#include "ops/quantize.h"
#include "ops/quantize_lower.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "QuantizeLinear";
  op.doc = "y = saturate(round(x / y_scale) + y_zero_point), scales per tensor, axis or block";
  op.since_opset = 10;
  op.inputs = {{"x", "float|i32"},
               {"y_scale", "float"},
               {"y_zero_point", "i8|u8|i16|u16|i4|u4", Arity::kOptional}};
  op.outputs = {{"y", "i8|u8|i16|u16|i4|u4"}};
  op.attrs = {{"axis", AttrType::kInt},
              {"block_size", AttrType::kInt},
              {"output_dtype", AttrType::kInt},
              {"saturate", AttrType::kInt}};
  op.layout = LayoutRule::kFollow;
  op.quantizing = Quantizing::kQuantizes;
  op.differentiability = Differentiability::kNot;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
StatusOr<DType> TypeOf(const AttrMap& attrs, std::optional<DType> zero_point) {
  if (zero_point) return *zero_point;
  const std::int64_t code = attrs.Int("output_dtype", 0);
  if (code == 0) return DType::kUInt8;
  PLUMB_ASSIGN_OR_RETURN(const DType type, ElementTypeFromCode(code));
  if (!TypeAllowed("i8|u8|i16|u16|i4|u4", type)) {
    return InvalidArgument("quantised type is ", Str(DTypeName(type)),
                           ", expected i4, u4, i8, u8, i16 or u16");
  }
  return type;
}

Status Infer(InferContext& context) {
  std::optional<DType> zero_point;
  if (context.has_input(2)) zero_point = context.dtype(2);
  PLUMB_ASSIGN_OR_RETURN(const DType type, TypeOf(context.attrs(), zero_point));
  context.SetOutput(0, type, context.input(0).dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  const Tensor& scale = context.input(1);
  std::optional<DType> given;
  if (context.has_input(2)) given = context.input(2).dtype();
  PLUMB_ASSIGN_OR_RETURN(const DType type, TypeOf(context.attrs(), given));
  PLUMB_ASSIGN_OR_RETURN(const IntegerRange range, RangeOf(type));
  PLUMB_ASSIGN_OR_RETURN(const ScaleLayout layout,
                         MakeScaleLayout(context.attrs(), x.shape(), scale.shape()));
  const std::vector<double> values = ToDoubles(x), scales = ToDoubles(scale);
  std::vector<double> zeros(scales.size());
  if (given) {
    PLUMB_ASSIGN_OR_RETURN(const Tensor zero, CastTensor(context.input(2), DType::kInt32));
    if (zero.num_elements() != scale.num_elements()) {
      return InvalidArgument("y_zero_point has ", zero.num_elements(), " elements, expected ",
                             scale.num_elements());
    }
    zeros = ToDoubles(zero);
  }
  std::vector<double> quantized(values.size());
  ForEachScaled(layout, [&](std::size_t i, std::size_t s) {
    quantized[i] = QuantizeOne(values[i], scales[s], zeros[s], range);
  });
  PLUMB_ASSIGN_OR_RETURN(Tensor y,
                         CastTensor(FromDoubles(DType::kInt32, x.shape(), quantized), type));
  context.SetOutput(0, std::move(y));
  return OkStatus();
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) { return LowerQuantize(context); }

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 3); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto scalar = [](double value, DType type = DType::kFloat32) {
    return Constant(Given(type, {}, {value}));
  };
  const AttrMap first = Attrs({{"axis", std::int64_t{0}}});
  const AttrMap blocks = Attrs({{"axis", std::int64_t{1}}, {"block_size", std::int64_t{3}}});
  return {
      {"u8", {F32({3, 17}, -2, 2), scalar(0.02), scalar(128, DType::kUInt8)}, {}, 1, 0},
      {"i8 saturated", {F32({3, 17}, -9, 9), scalar(0.02), scalar(0, DType::kInt8)}, {}, 1, 0},
      {"no zero point", {F32({5}, 0, 9), scalar(0.05)}, {}, 1, 0},
      {"per channel",
       {F32({2, 3, 4}), Constant(F32({3}, 0.01, 0.1)), Constant(Random(DType::kInt8, {3}, -9, 9))},
       {},
       1,
       0},
      {"per row", {F32({4, 3}), Constant(F32({4}, 0.01, 0.1))}, first, 1, 0},
      {"per block",
       {F32({2, 8}), Constant(F32({2, 3}, 0.01, 0.1)),
        Constant(Random(DType::kUInt8, {2, 3}, 0, 9))},
       blocks,
       1,
       0},
  };
}

}  // namespace

const OpDef& QuantizeLinearOp() {
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
