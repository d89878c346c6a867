// Requantize: QuantizeLinear(activation(DequantizeLinear(x))) without the real numbers between.
#include "ops/requantize.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"
#include "ops/activation.h"
#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/lower.h"
#include "ops/number.h"
#include "ops/quantize.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {

int RequantizeOne(int q, const ByteScale& from, const ByteScale& to) {
  StatusOr<IntegerRange> range = RangeOf(to.type);
  PLUMB_CHECK(range.ok(), range.status().ToString());
  if (to.relu) range->low = std::max(range->low, to.zero);
  const auto real = static_cast<float>((q - from.zero) * from.scale);
  return static_cast<int>(QuantizeOne(real, to.scale, to.zero, *range));
}

kernels::ByteTable RequantizeTable(const ByteScale& from, const ByteScale& to) {
  kernels::ByteTable table;
  for (std::size_t bits = 0; bits < table.size(); ++bits) {
    const auto q = static_cast<int>(bits);
    const bool negative = from.type == DType::kInt8 && q >= 128;
    table[bits] = static_cast<std::uint8_t>(RequantizeOne(negative ? q - 256 : q, from, to));
  }
  return table;
}

bool IsUnchanged(const ByteScale& from, const ByteScale& to) {
  if (from.type != to.type) return false;
  const kernels::ByteTable table = RequantizeTable(from, to);
  for (std::size_t bits = 0; bits < table.size(); ++bits) {
    if (table[bits] != bits) return false;
  }
  return true;
}

namespace {

enum Input : int { kX, kXScale, kXZero, kYScale, kYZero };

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "Requantize";
  op.domain = "plumb";
  op.doc =
      "QuantizeLinear(activation(DequantizeLinear(x, x_scale, x_zero_point)), y_scale, "
      "y_zero_point) of one scale each; the activation is none or relu";
  op.inputs = {{"x", "T1=i8|u8"},
               {"x_scale", "f32"},
               {"x_zero_point", "T1", Arity::kOptional},
               {"y_scale", "f32"},
               {"y_zero_point", "T2=i8|u8"}};
  op.outputs = {{"y", "T2"}};
  op.attrs = ActivationAttrs();
  op.layout = LayoutRule::kFollow;
  op.inplace_inputs = {kX};
  op.differentiability = Differentiability::kNot;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
StatusOr<bool> HasRelu(const AttrMap& attrs) {
  PLUMB_ASSIGN_OR_RETURN(const kernels::Epilogue epilogue, ReadActivation(attrs));
  const bool relu = epilogue.activation == kernels::Activation::kRelu;
  if (relu || epilogue.activation == kernels::Activation::kNone) return relu;
  return InvalidArgument("activation is '", attrs.String("activation", ""),
                         "', expected none or relu");
}

Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(HasRelu(context.attrs()).status());
  context.SetOutput(0, context.dtype(kYZero), context.input(kX).dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
StatusOr<ByteScale> ScaleOf(DType type, const Tensor& scale, const Tensor* zero) {
  ByteScale result{type};
  const auto one = [](const Tensor& tensor) { return tensor.num_elements() == 1; };
  if (!one(scale) || (zero != nullptr && !one(*zero))) {
    return InvalidArgument("scale has shape ", scale.shape().ToString(), ", zero point ",
                           zero == nullptr ? "none" : zero->shape().ToString(),
                           ", expected one element each");
  }
  result.scale = ToDoubles(scale)[0];
  if (zero != nullptr) result.zero = ToDoubles(*zero)[0];
  return result;
}

Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(kX);
  const Tensor& y_zero = context.input(kYZero);
  const Tensor* const x_zero = context.has_input(kXZero) ? &context.input(kXZero) : nullptr;
  PLUMB_ASSIGN_OR_RETURN(const ByteScale from, ScaleOf(x.dtype(), context.input(kXScale), x_zero));
  PLUMB_ASSIGN_OR_RETURN(ByteScale to, ScaleOf(y_zero.dtype(), context.input(kYScale), &y_zero));
  PLUMB_ASSIGN_OR_RETURN(to.relu, HasRelu(context.attrs()));
  std::vector<double> values = ToDoubles(x);
  for (double& value : values) value = RequantizeOne(static_cast<int>(value), from, to);
  context.SetOutput(0, FromDoubles(to.type, x.shape(), values));
  return OkStatus();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 1); }

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) {
  const Operand& x = context.input(kX);
  const Operand& y = context.output(0);
  const auto constant = [&](int i) {
    return context.has_input(i) ? context.input(i).constant : nullptr;
  };
  for (const int i : {kXScale, kXZero, kYScale, kYZero}) {
    if (context.has_input(i) && constant(i) == nullptr) return OkStatus();
  }
  PLUMB_ASSIGN_OR_RETURN(const ByteScale from,
                         ScaleOf(x.dtype, *constant(kXScale), constant(kXZero)));
  PLUMB_ASSIGN_OR_RETURN(ByteScale to, ScaleOf(y.dtype, *constant(kYScale), constant(kYZero)));
  PLUMB_ASSIGN_OR_RETURN(to.relu, HasRelu(context.attrs()));
  KernelChoice choice;
  choice.algorithm.id = 0;
  choice.name = "byte lookup";
  choice.estimate.ops = static_cast<double>(NumElements(x.shape));
  choice.estimate.bytes = 2 * choice.estimate.ops;
  choice.kernel = kernels::BindByteLookup({y.shape, x.strides, y.strides},
                                          RequantizeTable(from, to), context.target());
  choice.operands = {{OperandRef::kInput, kX}, {OperandRef::kOutput, 0}};
  context.Add(std::move(choice));
  return OkStatus();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto u8 = [](Sizes shape) { return Random(DType::kUInt8, std::move(shape), 0, 255); };
  const auto i8 = [](Sizes shape) { return Random(DType::kInt8, std::move(shape), -128, 127); };
  const auto scale = [](double value) { return Constant(Given(DType::kFloat32, {}, {value})); };
  const auto zero = [](DType type, double value) { return Constant(Given(type, {}, {value})); };
  return {
      {"to larger steps",
       {u8({2, 17, 7, 5}), scale(0.02), zero(DType::kUInt8, 117), scale(0.05),
        zero(DType::kUInt8, 100)},
       {},
       1,
       0},
      {"i8 without a zero point, to u8",
       {i8({3, 130}), scale(0.1), Omitted(), scale(0.07), zero(DType::kUInt8, 128)},
       {},
       1,
       0},
      {"relu",
       {i8({3, 70}), scale(0.1), zero(DType::kInt8, 5), scale(0.07), zero(DType::kInt8, -20)},
       Attrs({{"activation", std::string("relu")}}),
       1,
       0},
      {"halves to even",
       {i8({257}), scale(0.5), zero(DType::kInt8, 3), scale(1), zero(DType::kInt8, -2)},
       {},
       1,
       0},
      {"saturated",
       {u8({300}), scale(3), zero(DType::kUInt8, 90), scale(0.001), zero(DType::kInt8, 5)},
       {},
       1,
       0},
      {"one element",
       {u8({}), scale(0.3), zero(DType::kUInt8, 9), scale(0.2), zero(DType::kUInt8, 0)},
       {},
       1,
       0},
      {"no element",
       {u8({2, 0, 3}), scale(0.3), zero(DType::kUInt8, 9), scale(0.2), zero(DType::kUInt8, 0)},
       {},
       1,
       0},
  };
}

}  // namespace

const OpDef& RequantizeOp() {
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
