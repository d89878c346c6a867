// Acosh: y = arcosh x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::acosh(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy / Sqrt(Square(t.x) - 1.0); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kAcosh = {
    .name = "Acosh",
    .doc = "y = arcosh x",
    .since = 9,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kAcosh),
    .low = 1.2,
    .high = 5,
};

}  // namespace

const OpDef& AcoshOp() {
  static const OpDef op = UnaryElementwise<kAcosh>();
  return op;
}

}  // namespace plumb::ops
