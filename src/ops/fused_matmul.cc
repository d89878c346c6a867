// FusedMatMul: a matrix product, then bias, residual and activation in one step:
//   y = activation(alpha * op(a) op(b) + beta * bias + residual)
// What MatMul, Gemm and what follows them become.
#include "ops/activation.h"
#include "ops/expression.h"
#include "ops/matrix_product.h"
#include "ops/narrow_product.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "FusedMatMul";
  op.domain = "plumb";
  op.doc =
      "Y = activation(alpha * op(A) op(B) + beta * bias + residual); bias broadcasts to Y, "
      "residual has its shape; transA, transB exchange the last two dimensions";
  op.inputs = {{"A", "number"},
               {"B", "number"},
               {"bias", "number", Arity::kOptional},
               {"residual", "number", Arity::kOptional}};
  op.outputs = {{"Y", "number"}};
  op.attrs = {{"alpha", AttrType::kFloat},
              {"beta", AttrType::kFloat},
              {"transA", AttrType::kInt},
              {"transB", AttrType::kInt}};
  for (const AttrDef& attr : ActivationAttrs()) op.attrs.push_back(attr);
  for (const AttrDef& attr : NarrowProductAttrs()) op.attrs.push_back(attr);
  op.inplace_inputs = {3};
  op.differentiability = Differentiability::kNot;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(ReadActivation(context.attrs()).status());
  PLUMB_RETURN_IF_ERROR(CheckProductTypes(context));
  PLUMB_RETURN_IF_ERROR(InferProduct(context));
  PLUMB_ASSIGN_OR_RETURN(const DType type, ProductOutputType(context.attrs(), context.dtype(0)));
  context.SetOutput(0, type, context.outputs()[0].dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) { return ReferenceNarrow(context, ReferenceProduct); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto attrs = [](const char* activation, std::int64_t a = 0, std::int64_t b = 0) {
    return Attrs({{"activation", std::string(activation)},
                  {"activation_alpha", 0.2f},
                  {"activation_beta", 0.5f},
                  {"transA", a},
                  {"transB", b}});
  };
  AttrMap scaled = attrs("relu");
  scaled.Set("alpha", 0.125f);
  scaled.Set("beta", 2.0f);
  AttrMap narrow = scaled;
  narrow.Set("precision", std::string("bf16"));
  AttrMap narrower = narrow;
  narrower.Set("output_dtype", std::int64_t{16});
  return {
      {"linear layer", {F32({5, 33}), Weight({33, 18}), Weight({18})}, attrs("relu")},
      {"transformer layer",
       {F32({2, 7, 32}), Weight({32, 48}), Weight({48}), F32({2, 7, 48})},
       attrs("gelu")},
      {"residual without bias",
       {F32({3, 8}), Weight({8, 16}), Omitted(), F32({3, 16})},
       attrs("none")},
      {"bias at run time", {F32({3, 8}), Weight({8, 16}), F32({16})}, attrs("sigmoid")},
      {"weight at run time", {F32({3, 8}), F32({8, 17}), F32({17})}, attrs("tanh")},
      {"attention scores", {F32({2, 3, 5, 8}), F32({2, 3, 6, 8})}, attrs("none", 0, 1)},
      {"both transposed", {F32({8, 3}), Weight({17, 8}), Weight({17})}, attrs("leaky_relu", 1, 1)},
      {"scaled", {F32({4, 8}), Weight({8, 16}), Weight({16}), F32({4, 16})}, scaled},
      {"vector", {F32({8}), Weight({8, 16}), Weight({16})}, attrs("silu")},
      {"scalar bias", {F32({2, 8}), Weight({8, 5}), Weight({})}, attrs("hard_swish")},
      {"clip", {F32({2, 8}), Weight({8, 5}), Weight({5})}, attrs("clip")},
      {"bf16 products", {F32({4, 8}), Weight({8, 16}), Weight({16}), F32({4, 16})}, narrow},
      {"bf16 products from and to bf16",
       {Random(DType::kBFloat16, {2, 3, 64}, -1, 1), Weight({64, 33}), Weight({33})},
       narrower,
       1,
       5e-3},
  };
}

}  // namespace

const OpDef& FusedMatMulOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.cost = ProductCost;
    op.lower = LowerProduct;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
