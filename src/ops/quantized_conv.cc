// QuantizedConv: a convolution of quantised tensors with what follows it, in integers: bias,
// residual, activation, and quantisation of the result.
#include <utility>
#include <vector>

#include "ops/activation.h"
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
  op.name = "QuantizedConv";
  op.domain = "plumb";
  op.doc =
      "QLinearConv with residual and activation; without y_scale, Y is the real number; with a "
      "residual or inner_scale, the sum is quantised to inner_scale first";
  op.inputs = QuantizedProductInputs();
  op.outputs = {{"Y", "i8|u8|f32"}};
  op.attrs = ConvAttrs(/*transposed=*/false);
  for (const AttrDef& attr : ActivationAttrs()) op.attrs.push_back(attr);
  op.layout = LayoutRule::kChannelsLast;
  op.inplace_inputs = {9};
  op.integer_product = true;
  op.differentiability = Differentiability::kNot;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(ReadActivation(context.attrs()).status());
  return InferQuantizedConv(context, 0, 3, QuantizedOutputType(context));
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const Tensor sums, QuantizedConv(context, {0, 2}, {3, 5}));
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
  const auto zero = [](DType type, double value) { return Constant(Given(type, {}, {value})); };
  const auto bias = [](std::int64_t n) { return Constant(Random(DType::kInt32, {n}, -999, 999)); };
  const SampleInput none = Omitted();
  const AttrMap padded = Attrs({{"pads", Sizes{1, 1, 1, 1}}, {"activation", std::string("relu")}});
  AttrMap grouped = padded;
  grouped.Set("group", std::int64_t{18});
  AttrMap clipped = Attrs(
      {{"activation", std::string("clip")}, {"activation_alpha", 0.0f}, {"activation_beta", 6.0f}});
  return {
      {"u8 per channel with bias",
       {u8({2, 5, 6, 7}), scale(0.02), zero(DType::kUInt8, 117), Constant(i8({18, 5, 3, 3})),
        Constant(F32({18}, 0.01, 0.03)), none, scale(0.9), zero(DType::kUInt8, 12), bias(18)},
       padded,
       1,
       0},
      {"i8 with residual",
       {i8({1, 32, 5, 5}), scale(0.02), zero(DType::kInt8, -3), Constant(i8({18, 32, 1, 1})),
        scale(0.01), none, scale(0.8), zero(DType::kInt8, -128), bias(18), u8({1, 18, 5, 5}),
        scale(0.3), zero(DType::kUInt8, 100), scale(0.5), zero(DType::kInt8, 7)},
       Attrs({{"activation", std::string("relu")}}),
       1,
       0},
      {"requantised",
       {u8({1, 20, 5, 6}), scale(0.02), zero(DType::kUInt8, 100), Constant(i8({18, 20, 3, 3})),
        scale(0.01), none, scale(0.7), zero(DType::kUInt8, 20), bias(18), none, none, none,
        scale(0.31), zero(DType::kInt8, -90)},
       padded,
       1,
       0},
      {"zero points of weights",
       {u8({1, 7, 4, 4}), scale(0.02), zero(DType::kUInt8, 3), Constant(u8({5, 7, 2, 2})),
        scale(0.01), Constant(u8({5})), scale(0.8), zero(DType::kInt8, 4)},
       clipped,
       1,
       0},
      {"depthwise",
       {u8({1, 18, 7, 7}), scale(0.02), zero(DType::kUInt8, 90), Constant(i8({18, 1, 3, 3})),
        Constant(F32({18}, 0.01, 0.03)), none, scale(0.2), zero(DType::kUInt8, 0), bias(18)},
       grouped,
       1,
       0},
      {"to real numbers",
       {i8({2, 16, 3, 3}), scale(0.02), zero(DType::kInt8, 5), Constant(i8({9, 16, 3, 3})),
        Constant(F32({9}, 0.01, 0.03)), none, none, none, bias(9)},
       Attrs({{"activation", std::string("relu")}}),
       1,
       1e-6},
  };
}

}  // namespace

const OpDef& QuantizedConvOp() {
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
