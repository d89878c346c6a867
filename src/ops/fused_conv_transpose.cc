// FusedConvTranspose: ConvTranspose, then bias, residual and activation in one step:
//   y = activation(ConvTranspose(x, w) + bias + residual)
#include "ops/activation.h"
#include "ops/convolution.h"
#include "ops/expression.h"
#include "ops/narrow_product.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "FusedConvTranspose";
  op.domain = "plumb";
  op.doc =
      "Y = activation(ConvTranspose(X, W) + B + residual), residual of the shape of Y; "
      "types may differ where products are narrow (precision)";
  op.inputs = {{"X", "float"},
               {"W", "float"},
               {"B", "float", Arity::kOptional},
               {"residual", "float", Arity::kOptional}};
  op.outputs = {{"Y", "float"}};
  op.attrs = FusedConvAttrs(/*transposed=*/true);
  op.layout = LayoutRule::kChannelsLast;
  op.inplace_inputs = {3};
  op.differentiability = Differentiability::kNot;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) { return InferFusedConv(context, /*transposed=*/true); }

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  return ReferenceNarrow(
      context, [](ReferenceContext& wide) { return ReferenceConv(wide, /*transposed=*/true); });
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return ConvCost(node, /*transposed=*/true); }

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) { return LowerFusedConv(context, /*transposed=*/true); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const AttrMap doubling = Attrs({{"strides", Sizes{2, 2}}, {"activation", std::string("relu")}});
  AttrMap narrow = doubling;
  narrow.Set("precision", std::string("bf16"));
  AttrMap stored = narrow;
  stored.Set("output_dtype", std::int64_t{16});
  return {
      {"2x2 stride 2, relu", {F32({1, 16, 5, 6}), Weight({16, 17, 2, 2}), Weight({17})}, doubling},
      {"residual",
       {F32({2, 4, 3, 3}), Weight({4, 5, 3, 3}), Weight({5}), F32({2, 5, 6, 6})},
       Attrs({{"strides", Sizes{2, 2}},
              {"pads", Sizes{1, 1, 1, 1}},
              {"output_padding", Sizes{1, 1}},
              {"activation", std::string("tanh")}})},
      {"bf16 products",
       {F32({1, 16, 5, 6}), Weight({16, 17, 2, 2}), Weight({17})},
       narrow,
       1,
       5e-3},
      {"bf16 products from and to bf16",
       {Random(DType::kBFloat16, {1, 32, 5, 5}, -1, 1), Weight({32, 16, 2, 2}), Weight({16}),
        Random(DType::kBFloat16, {1, 16, 10, 10}, -1, 1)},
       stored,
       1,
       5e-3},
  };
}

}  // namespace

const OpDef& FusedConvTransposeOp() {
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
