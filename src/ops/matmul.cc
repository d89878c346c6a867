// MatMul: y = a b over the last two dimensions, the leading ones broadcast as numpy does.
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
  op.name = "MatMul";
  op.doc =
      "y = a b over the last two dimensions, leading ones broadcast; a vector is a row or column";
  op.since_opset = 1;
  op.inputs = {{"A", "T=number"}, {"B", "T"}};
  op.outputs = {{"Y", "T"}};
  op.differentiability = Differentiability::kYes;
  op.fused_form = "FusedMatMul";
  op.quantized_form = "QuantizedMatMul";
  op.weight_axis = [](const Node&, int rank) {
    return rank == 2 ? std::optional<int>(1) : std::nullopt;
  };
  return op;
}

// --- gradient ---------------------------------------------------------------------------------
Status Gradient(GradientContext& context) {
  return ProductGradient(context, GradientOf(context), ProductForm());
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto i64 = [](Sizes shape) { return Random(DType::kInt64, std::move(shape), -9, 9); };
  return {
      {"square", {F32({16, 16}), F32({16, 16})}, {}},
      {"constant b", {F32({5, 33}), Weight({33, 18})}, {}},
      {"tall", {F32({67, 3}), F32({3, 1})}, {}},
      {"one row", {F32({1, 40}), Weight({40, 17})}, {}},
      {"batched", {F32({2, 3, 5, 7}), F32({2, 3, 7, 4})}, {}},
      {"batch broadcast", {F32({2, 1, 5, 7}), F32({3, 7, 4})}, {}},
      {"batch against matrix", {F32({2, 3, 5, 7}), Weight({7, 9})}, {}},
      {"vector matrix", {F32({7}), F32({7, 4})}, {}},
      {"matrix vector", {F32({2, 5, 7}), F32({7})}, {}},
      {"vector vector", {F32({7}), F32({7})}, {}},
      {"nothing summed", {F32({3, 0}), F32({0, 4})}, {}},
      {"no rows", {F32({0, 3}), F32({3, 4})}, {}},
      {"f64", {Random(DType::kFloat64, {4, 5}), Random(DType::kFloat64, {5, 3})}, {}},
      {"f16",
       {Random(DType::kFloat16, {4, 5}), Random(DType::kFloat16, {5, 3})},
       {},
       1,
       4e-3,
       false},
      {"i64", {i64({4, 5}), i64({5, 3})}, {}, 1, 0},
  };
}

}  // namespace

const OpDef& MatMulOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = InferProduct;
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
