// Sqrt: y = sqrt x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::sqrt(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy / (2.0 * t.y); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kSqrt = {
    .name = "Sqrt",
    .doc = "y = sqrt x",
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kSqrt),
    .low = 0.1,
    .high = 5,
};

}  // namespace

const OpDef& SqrtOp() {
  static const OpDef op = UnaryElementwise<kSqrt>();
  return op;
}

}  // namespace plumb::ops
