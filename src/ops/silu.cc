// Silu: y = x / (1 + e^-x), which is x * Sigmoid(x).
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return x / (1 + std::exp(-x)); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) {
  const Expr sigmoid = Sigmoid(t.x);
  return t.dy * (sigmoid + t.y * (1.0 - sigmoid));
}

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kSilu = {
    .name = "Silu",
    .doc = "y = x / (1 + e^-x)",
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kSilu),
    .activation = "silu",
};

}  // namespace

const OpDef& SiluOp() {
  static const OpDef op = [] {
    OpDef op = UnaryElementwise<kSilu>();
    op.domain = "plumb";
    op.patterns = {{"x times sigmoid", R"(graph silu(X) -> (y) {
  s = Sigmoid(X)
  y = Mul(X, s)
})"}};
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
