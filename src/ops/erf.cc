// Erf: y = 2 / sqrt(pi) * the integral of e^(-s^2) over s from 0 to x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::erf(x); }

// --- gradient ---------------------------------------------------------------------------------
// The factor is 2 / sqrt(pi).
Expr Gradient(const UnaryTerms& t) { return t.dy * Exp(-Square(t.x)) * 1.1283791670955126; }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kErf = {
    .name = "Erf",
    .doc = "y = 2 / sqrt(pi) * the integral of e^(-s^2) over s from 0 to x",
    .since = 9,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kErf),
};

}  // namespace

const OpDef& ErfOp() {
  static const OpDef op = UnaryElementwise<kErf>();
  return op;
}

}  // namespace plumb::ops
