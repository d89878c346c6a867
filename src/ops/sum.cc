// Sum: y = the sum of all inputs, broadcast.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double a, double b) { return a + b; }

// --- gradient ---------------------------------------------------------------------------------
Status Gradient(GradientContext& context) {
  const Expr dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const int count = static_cast<int>(context.node().inputs.size());
  for (int i = 0; i < count; ++i) SetGradient(context, i, dy);
  return context.builder().status();
}

// --- schema -----------------------------------------------------------------------------------
constexpr VariadicRule kSum = {
    .name = "Sum",
    .doc = "y = the sum of all inputs, broadcast",
    .since = 8,
    .types = "T=float",
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kAdd),
};

}  // namespace

const OpDef& SumOp() {
  static const OpDef op = VariadicElementwise<kSum>();
  return op;
}

}  // namespace plumb::ops
