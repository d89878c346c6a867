// Cosh: y = cosh x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::cosh(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy * Call("Sinh", {t.x}); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kCosh = {
    .name = "Cosh",
    .doc = "y = cosh x",
    .since = 9,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kCosh),
};

}  // namespace

const OpDef& CoshOp() {
  static const OpDef op = UnaryElementwise<kCosh>();
  return op;
}

}  // namespace plumb::ops
