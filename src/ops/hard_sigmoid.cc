// HardSigmoid: y = max(0, min(1, alpha * x + beta)).
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients& c) { return MaxOf(0, MinOf(1, c.alpha * x + c.beta)); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) {
  const Expr inside = Call("And", {Greater(t.y, 0), Less(t.y, 1)});
  return KeepWhere(inside, t.dy * t.c.alpha);
}

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kHardSigmoid = {
    .name = "HardSigmoid",
    .doc = "y = max(0, min(1, alpha * x + beta))",
    .since = 6,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kHardSigmoid),
    .activation = "hard_sigmoid",
};

}  // namespace

const OpDef& HardSigmoidOp() {
  static const OpDef op = UnaryElementwise<kHardSigmoid>();
  return op;
}

}  // namespace plumb::ops
