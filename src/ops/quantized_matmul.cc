// QuantizedMatMul: a product of a quantised matrix and a constant one with what follows it, in
// integers: bias, residual, activation, and quantisation of the result.
#include <optional>
#include <utility>
#include <vector>

#include "ops/activation.h"
#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/matrix_product.h"
#include "ops/quantized_output.h"
#include "ops/quantized_product.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "QuantizedMatMul";
  op.domain = "plumb";
  op.doc =
      "QLinearMatMul with bias, residual and activation; without y_scale, Y is the real number; "
      "with inner_scale, the sum is quantised to it first; transB exchanges the dimensions of w";
  op.inputs = QuantizedProductInputs();
  op.outputs = {{"Y", "i8|u8|f32"}};
  op.attrs = {{"transB", AttrType::kInt}};
  for (const AttrDef& attr : ActivationAttrs()) op.attrs.push_back(attr);
  op.inplace_inputs = {9};
  op.integer_product = true;
  op.differentiability = Differentiability::kNot;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(ReadActivation(context.attrs()).status());
  std::optional<DimVector> dims;
  if (context.has_dims(kX) && context.has_dims(kW)) {
    PLUMB_ASSIGN_OR_RETURN(
        dims, ProductDims(context.dims(kX), context.dims(kW), ReadProductForm(context.attrs())));
  }
  context.SetOutput(0, QuantizedOutputType(context), std::move(dims));
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  // The activation comes after the sums have become real numbers.
  Node product = context.node();
  product.attrs.Erase("activation");
  std::vector<Tensor> inputs;
  for (int i = 0; i < context.num_inputs(); ++i) {
    inputs.push_back(context.has_input(i) ? context.input(i) : Tensor());
  }
  const ReferenceContext plain(product, inputs);
  PLUMB_ASSIGN_OR_RETURN(const Tensor sums, QuantizedProduct(plain, {kX, kXZero}, {kW, kWZero}));
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
  const auto zero = [](DType type, double value) { return Constant(Given(type, {}, {value})); };
  const AttrMap relu = Attrs({{"activation", std::string("relu")}});
  AttrMap transposed = relu;
  transposed.Set("transB", std::int64_t{1});
  const SampleInput none = Omitted();
  const SampleInput bias = Constant(Random(DType::kInt32, {18}, -999, 999));
  return {
      {"u8 per column",
       {u8({3, 64}), scale(0.02), zero(DType::kUInt8, 117), Constant(i8({64, 18})),
        Constant(F32({18}, 0.01, 0.03)), none, scale(0.9), zero(DType::kUInt8, 12), bias},
       relu,
       1,
       0},
      {"transposed, to real numbers",
       {i8({2, 3, 7}), scale(0.02), zero(DType::kInt8, 5), Constant(i8({18, 7})), scale(0.01), none,
        none, none, bias},
       transposed,
       1,
       1e-6},
      {"requantised",
       {u8({4, 33}), scale(0.02), zero(DType::kUInt8, 100), Constant(i8({33, 18})), scale(0.01),
        none, scale(0.5), zero(DType::kInt8, -20), bias, none, none, none, scale(0.4),
        zero(DType::kUInt8, 128)},
       {},
       1,
       0},
      {"with residual",
       {u8({5, 33}), scale(0.02), zero(DType::kUInt8, 100), Constant(i8({33, 18})), scale(0.01),
        none, scale(0.5), zero(DType::kInt8, -20), bias, i8({5, 18}), scale(0.2),
        zero(DType::kInt8, 3), scale(0.4), zero(DType::kInt8, 0)},
       {},
       1,
       0},
  };
}

}  // namespace

const OpDef& QuantizedMatMulOp() {
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
