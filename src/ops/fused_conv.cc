// FusedConv: Conv, then scale, bias, residual and activation in one step:
//   y = activation(scale * Conv(x, w) + bias + residual)
#include "ops/activation.h"
#include "ops/conv_samples.h"
#include "ops/convolution.h"
#include "ops/expression.h"
#include "ops/narrow_product.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "FusedConv";
  op.domain = "plumb";
  op.doc =
      "Y = activation(scale * Conv(X, W) + B + residual), residual of the shape of Y; types may "
      "differ where products are narrow (precision)";
  op.inputs = {{"X", "float"},
               {"W", "float"},
               {"B", "float", Arity::kOptional},
               {"residual", "float", Arity::kOptional},
               {"scale", "float", Arity::kOptional}};
  op.outputs = {{"Y", "float"}};
  op.attrs = FusedConvAttrs(/*transposed=*/false);
  op.layout = LayoutRule::kChannelsLast;
  op.inplace_inputs = {3};
  op.differentiability = Differentiability::kNot;
  op.absorb_affine = [](Graph& graph, NodeId node, const ChannelAffine& affine) {
    return AbsorbAffineIntoConv(graph, node, affine, /*transposed=*/false);
  };
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) { return InferFusedConv(context, /*transposed=*/false); }

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  return ReferenceNarrow(
      context, [](ReferenceContext& wide) { return ReferenceConv(wide, /*transposed=*/false); });
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return ConvCost(node, /*transposed=*/false); }

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) { return LowerFusedConv(context, /*transposed=*/false); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  std::vector<Sample> samples = ConvSamples();
  const char* const activations[] = {"relu",         "clip",       "sigmoid",    "tanh", "silu",
                                     "hard_sigmoid", "hard_swish", "leaky_relu", "gelu", "none"};
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::string name = activations[i % std::size(activations)];
    samples[i].name += ", " + name;
    samples[i].attrs.Set("activation", name);
    const float alpha = name == "clip" ? -0.5f : 0.2f;
    samples[i].attrs.Set("activation_alpha", alpha);
    samples[i].attrs.Set("activation_beta", 0.6f);
  }
  const AttrMap padded = Attrs({{"pads", Sizes{1, 1, 1, 1}}, {"activation", std::string("relu")}});
  samples.push_back({"residual",
                     {F32({2, 5, 6, 7}), Weight({18, 5, 3, 3}), Weight({18}), F32({2, 18, 6, 7})},
                     padded});
  samples.push_back({"residual without bias",
                     {F32({1, 16, 4, 4}), Weight({16, 16, 1, 1}), Omitted(), F32({1, 16, 4, 4})},
                     Attrs({{"activation", std::string("none")}})});
  samples.push_back(
      {"scale",
       {F32({2, 5, 6, 7}), Weight({18, 5, 3, 3}), Weight({18}), F32({2, 18, 6, 7}), Weight({18})},
       padded});
  samples.push_back({"scale of groups without bias",
                     {F32({1, 8, 5, 5}), Weight({8, 1, 3, 3}), Omitted(), Omitted(), Weight({8})},
                     Attrs({{"pads", Sizes{1, 1, 1, 1}}, {"group", 8}})});
  AttrMap narrow = padded;
  narrow.Set("precision", std::string("bf16"));
  samples.push_back(
      {"bf16 products",
       {F32({2, 5, 6, 7}), Weight({18, 5, 3, 3}), Weight({18}), F32({2, 18, 6, 7}), Weight({18})},
       narrow,
       1,
       5e-3});
  narrow.Set("output_dtype", std::int64_t{16});
  samples.push_back({"bf16 products from and to bf16",
                     {Random(DType::kBFloat16, {1, 32, 5, 5}, -1, 1), Weight({16, 32, 3, 3}),
                      Weight({16}), Random(DType::kBFloat16, {1, 16, 5, 5}, -1, 1)},
                     narrow,
                     1,
                     5e-3});
  return samples;
}

}  // namespace

const OpDef& FusedConvOp() {
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
