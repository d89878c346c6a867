// Celu: y = max(0, x) + min(0, alpha * (e^(x / alpha) - 1)).
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients& c) {
  return x > 0 ? x : c.alpha * std::expm1(x / c.alpha);
}

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) {
  return Where(Greater(t.x, 0), t.dy, t.dy * Exp(t.x / t.c.alpha));
}

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kCelu = {
    .name = "Celu",
    .doc = "y = max(0, x) + min(0, alpha * (e^(x / alpha) - 1))",
    .since = 12,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kCelu),
};

}  // namespace

const OpDef& CeluOp() {
  static const OpDef op = UnaryElementwise<kCelu>();
  return op;
}

}  // namespace plumb::ops
