// Selu: y = gamma * (x where x > 0, else alpha * (e^x - 1)).
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients& c) {
  return c.beta * (x > 0 ? x : c.alpha * std::expm1(x));
}

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) {
  const Expr below = t.dy * (t.y + t.c.alpha * t.c.beta);
  return Where(Greater(t.x, 0), t.dy * t.c.beta, below);
}

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kSelu = {
    .name = "Selu",
    .doc = "y = gamma * (x where x > 0, else alpha * (e^x - 1))",
    .since = 6,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kSelu),
};

}  // namespace

const OpDef& SeluOp() {
  static const OpDef op = UnaryElementwise<kSelu>();
  return op;
}

}  // namespace plumb::ops
