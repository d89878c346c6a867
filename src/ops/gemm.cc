// Gemm: y = alpha * op(a) op(b) + beta * c, matrices only; op transposes where transA, transB say.
#include <vector>

#include "ops/expression.h"
#include "ops/matrix_product.h"
#include "ops/product_gradient.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "Gemm";
  op.doc =
      "y = alpha * op(a) op(b) + beta * c; op transposes as transA, transB say, c is broadcast";
  op.since_opset = 7;
  op.inputs = {{"A", "T=number"}, {"B", "T"}, {"C", "T", Arity::kOptional}};
  op.outputs = {{"Y", "T"}};
  op.attrs = {{"alpha", AttrType::kFloat},
              {"beta", AttrType::kFloat},
              {"transA", AttrType::kInt},
              {"transB", AttrType::kInt}};
  op.differentiability = Differentiability::kYes;
  op.fused_form = "FusedMatMul";
  op.quantized_form = "QuantizedMatMul";
  op.weight_axis = [](const Node& node, int rank) -> std::optional<int> {
    const ProductForm form = ReadProductForm(node.attrs);
    if (rank != 2 || form.alpha != 1 || form.beta != 1 || form.transpose_a) return std::nullopt;
    return form.transpose_b ? 0 : 1;
  };
  op.absorb_affine = AbsorbAffineIntoProduct;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  for (int i = 0; i < 2; ++i) {
    if (context.has_dims(i) && context.dims(i).size() != 2) {
      return InvalidArgument("input ", i, " has ", context.dims(i).size(),
                             " dimensions, expected 2");
    }
  }
  PLUMB_RETURN_IF_ERROR(InferProduct(context));
  if (!context.has_dims(0) || !context.has_dims(1)) {
    context.SetOutput(0, context.dtype(0), DimVector{context.FreshDim(), context.FreshDim()});
  }
  return OkStatus();
}

// --- gradient ---------------------------------------------------------------------------------
Status Gradient(GradientContext& context) {
  const ProductForm form = ReadProductForm(context.node().attrs);
  const Expr dy = GradientOf(context);
  if (context.input(2) != kNoValue && dy.present()) {
    SetGradient(context, 2, form.beta == 1 ? dy : dy * form.beta);
  }
  return ProductGradient(context, dy, form);
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const AttrMap transpose_b = Attrs({{"transB", std::int64_t{1}}});
  const AttrMap transpose_both = Attrs({{"transA", std::int64_t{1}}, {"transB", std::int64_t{1}}});
  const AttrMap scaled = Attrs({{"alpha", 0.5f}, {"beta", -2.0f}});
  return {
      {"linear layer", {F32({3, 40}), Weight({17, 40}), Weight({17})}, transpose_b},
      {"no c", {F32({3, 5}), F32({5, 4})}, {}},
      {"scalar c", {F32({3, 5}), F32({5, 4}), F32({})}, {}},
      {"c per row", {F32({3, 5}), F32({5, 4}), F32({3, 1})}, {}},
      {"c in full", {F32({3, 5}), F32({5, 4}), F32({3, 4})}, scaled},
      {"both transposed", {F32({5, 3}), F32({4, 5}), F32({4})}, transpose_both},
      {"scaled", {F32({2, 5}), Weight({5, 16}), Weight({16})}, scaled},
      {"one by one", {F32({1, 1}), F32({1, 1}), F32({1})}, {}},
      {"no rows", {F32({0, 3}), F32({3, 4}), F32({4})}, {}},
      {"nothing summed", {F32({2, 0}), F32({0, 4}), F32({4})}, {}},
      {"i32",
       {Random(DType::kInt32, {3, 4}, -9, 9), Random(DType::kInt32, {4, 2}, -9, 9)},
       {},
       1,
       0},
  };
}

}  // namespace

const OpDef& GemmOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = ReferenceProduct;
    op.gradient = Gradient;
    op.cost = ProductCost;
    op.lower = LowerProduct;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
