// Mish: y = x * tanh(ln(1 + e^x)).
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) {
  const double softplus = x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
  return x * std::tanh(softplus);
}

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) {
  const Expr tanh = Tanh(Call("Softplus", {t.x}));
  return t.dy * (tanh + t.x * Sigmoid(t.x) * (1.0 - Square(tanh)));
}

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kMish = {
    .name = "Mish",
    .doc = "y = x * tanh(ln(1 + e^x))",
    .since = 18,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kMish),
};

}  // namespace

const OpDef& MishOp() {
  static const OpDef op = UnaryElementwise<kMish>();
  return op;
}

}  // namespace plumb::ops
