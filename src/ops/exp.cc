// Exp: y = e^x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::exp(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy * t.y; }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kExp = {
    .name = "Exp",
    .doc = "y = e^x",
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kExp),
};

}  // namespace

const OpDef& ExpOp() {
  static const OpDef op = UnaryElementwise<kExp>();
  return op;
}

}  // namespace plumb::ops
