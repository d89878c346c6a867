// Softsign: y = x / (1 + |x|).
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return x / (1 + std::abs(x)); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy / Square(1.0 + Call("Abs", {t.x})); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kSoftsign = {
    .name = "Softsign",
    .doc = "y = x / (1 + |x|)",
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kSoftsign),
};

}  // namespace

const OpDef& SoftsignOp() {
  static const OpDef op = UnaryElementwise<kSoftsign>();
  return op;
}

}  // namespace plumb::ops
