// Sigmoid: y = 1 / (1 + e^-x).
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return 1 / (1 + std::exp(-x)); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy * t.y * (1.0 - t.y); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kSigmoid = {
    .name = "Sigmoid",
    .doc = "y = 1 / (1 + e^-x)",
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kSigmoid),
    .activation = "sigmoid",
};

}  // namespace

const OpDef& SigmoidOp() {
  static const OpDef op = UnaryElementwise<kSigmoid>();
  return op;
}

}  // namespace plumb::ops
