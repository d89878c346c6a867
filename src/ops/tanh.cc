// Tanh: y = tanh x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::tanh(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy * (1.0 - Square(t.y)); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kTanh = {
    .name = "Tanh",
    .doc = "y = tanh x",
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kTanh),
    .activation = "tanh",
};

}  // namespace

const OpDef& TanhOp() {
  static const OpDef op = UnaryElementwise<kTanh>();
  return op;
}

}  // namespace plumb::ops
