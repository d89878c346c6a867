// Sin: y = sin x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::sin(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy * Call("Cos", {t.x}); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kSin = {
    .name = "Sin",
    .doc = "y = sin x",
    .since = 7,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kSin),
};

}  // namespace

const OpDef& SinOp() {
  static const OpDef op = UnaryElementwise<kSin>();
  return op;
}

}  // namespace plumb::ops
