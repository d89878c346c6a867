// Identity: output = input. Opsets: 1, 13, 14, 16, 19, 21 (types only).
#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), context.input(0).dims);
  CopyContent(context);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  context.SetOutput(0, context.input(0));
  return OkStatus();
}

// --- gradient ---
Status Gradient(GradientContext& context) {
  context.SetInputGradient(0, context.output_gradient(0));
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "f32", .inputs = {F32({2, 3})}},
          {.name = "i64_scalar", .inputs = {Random(DType::kInt64, {}, -9, 9)}}};
}

}  // namespace

const OpDef& IdentityOp() {
  static const OpDef op{
      .name = "Identity",
      .doc = "output = input",
      .inputs = {{"input", "T=any"}},
      .outputs = {{"output", "T=any"}},
      .aliases_input = true,
      .layout = LayoutRule::kMovement,
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = Gradient,
      .cost = AliasCost,
      .movement = SamePositions,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
