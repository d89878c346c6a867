// Reciprocal: y = 1 / x.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return 1 / x; }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return -(t.dy * Square(t.y)); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kReciprocal = {
    .name = "Reciprocal",
    .doc = "y = 1 / x",
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kReciprocal),
    .low = 0.5,
    .high = 3,
};

}  // namespace

const OpDef& ReciprocalOp() {
  static const OpDef op = UnaryElementwise<kReciprocal>();
  return op;
}

}  // namespace plumb::ops
