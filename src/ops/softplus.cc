// Softplus: y = ln(1 + e^x).
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
// Neither branch overflows.
double Real(double x, const Coefficients&) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy * Sigmoid(t.x); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kSoftplus = {
    .name = "Softplus",
    .doc = "y = ln(1 + e^x)",
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kSoftplus),
};

}  // namespace

const OpDef& SoftplusOp() {
  static const OpDef op = UnaryElementwise<kSoftplus>();
  return op;
}

}  // namespace plumb::ops
