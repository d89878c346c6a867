// Atanh: y = artanh x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::atanh(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy / (1.0 - Square(t.x)); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kAtanh = {
    .name = "Atanh",
    .doc = "y = artanh x",
    .since = 9,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kAtanh),
    .low = -0.9,
    .high = 0.9,
};

}  // namespace

const OpDef& AtanhOp() {
  static const OpDef op = UnaryElementwise<kAtanh>();
  return op;
}

}  // namespace plumb::ops
