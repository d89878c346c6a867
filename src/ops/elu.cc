// Elu: y = x where x > 0, else alpha * (e^x - 1).
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients& c) { return x > 0 ? x : c.alpha * std::expm1(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) {
  return Where(Greater(t.x, 0), t.dy, t.dy * (t.y + t.c.alpha));
}

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kElu = {
    .name = "Elu",
    .doc = "y = x where x > 0, else alpha * (e^x - 1)",
    .since = 6,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kElu),
};

}  // namespace

const OpDef& EluOp() {
  static const OpDef op = UnaryElementwise<kElu>();
  return op;
}

}  // namespace plumb::ops
