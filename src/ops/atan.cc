// Atan: y = arctan x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::atan(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy / (1.0 + Square(t.x)); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kAtan = {
    .name = "Atan",
    .doc = "y = arctan x",
    .since = 7,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kAtan),
};

}  // namespace

const OpDef& AtanOp() {
  static const OpDef op = UnaryElementwise<kAtan>();
  return op;
}

}  // namespace plumb::ops
