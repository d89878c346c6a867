// Tan: y = tan x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::tan(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy * (1.0 + Square(t.y)); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kTan = {
    .name = "Tan",
    .doc = "y = tan x",
    .since = 7,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kTan),
    .low = -1.2,
    .high = 1.2,
};

}  // namespace

const OpDef& TanOp() {
  static const OpDef op = UnaryElementwise<kTan>();
  return op;
}

}  // namespace plumb::ops
