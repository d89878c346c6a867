// MatMulInteger: y = (a - a_zero_point) (b - b_zero_point) in 32 bits.
#include <vector>

#include "ops/cast_element.h"
#include "ops/matrix_product.h"
#include "ops/quantized_product.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "MatMulInteger";
  op.doc =
      "Y = (A - a_zero_point) (B - b_zero_point) as i32; zero points per tensor, per row of A, "
      "per column of B";
  op.since_opset = 10;
  op.inputs = {{"A", "T1=i8|u8"},
               {"B", "T2=i8|u8"},
               {"a_zero_point", "T1", Arity::kOptional},
               {"b_zero_point", "T2", Arity::kOptional}};
  op.outputs = {{"Y", "i32"}};
  op.differentiability = Differentiability::kNot;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) { return InferQuantizedProduct(context, 0, 1, DType::kInt32); }

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const Tensor product, QuantizedProduct(context, {0, 2}, {1, 3}));
  PLUMB_ASSIGN_OR_RETURN(Tensor y, CastTensor(product, DType::kInt32));
  context.SetOutput(0, std::move(y));
  return OkStatus();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto u8 = [](Sizes shape) { return Random(DType::kUInt8, std::move(shape), 0, 255); };
  const auto i8 = [](Sizes shape) { return Random(DType::kInt8, std::move(shape), -128, 127); };
  return {
      {"u8 by i8", {u8({3, 17}), i8({17, 5})}, {}, 1, 0},
      {"zero points", {u8({3, 17}), u8({17, 5}), u8({}), u8({})}, {}, 1, 0},
      {"per row and column", {i8({3, 4}), i8({4, 5}), i8({3}), i8({5})}, {}, 1, 0},
      {"batched", {u8({2, 3, 4}), i8({4, 5}), u8({})}, {}, 1, 0},
  };
}

}  // namespace

const OpDef& MatMulIntegerOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.cost = ProductCost;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
