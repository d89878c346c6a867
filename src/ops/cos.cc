// Cos: y = cos x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::cos(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return -(t.dy * Call("Sin", {t.x})); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kCos = {
    .name = "Cos",
    .doc = "y = cos x",
    .since = 7,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kCos),
};

}  // namespace

const OpDef& CosOp() {
  static const OpDef op = UnaryElementwise<kCos>();
  return op;
}

}  // namespace plumb::ops
