// Abs: y = |x|.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::abs(x); }
Wide Integer(Wide x) { return x < 0 ? -x : x; }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy * Call("Sign", {t.x}); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kAbs = {
    .name = "Abs",
    .doc = "y = |x|",
    .types = "T=number",
    .real = Real,
    .integer = Integer,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kAbs),
};

}  // namespace

const OpDef& AbsOp() {
  static const OpDef op = UnaryElementwise<kAbs>();
  return op;
}

}  // namespace plumb::ops
