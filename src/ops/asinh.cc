// Asinh: y = arsinh x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::asinh(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy / Sqrt(Square(t.x) + 1.0); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kAsinh = {
    .name = "Asinh",
    .doc = "y = arsinh x",
    .since = 9,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kAsinh),
};

}  // namespace

const OpDef& AsinhOp() {
  static const OpDef op = UnaryElementwise<kAsinh>();
  return op;
}

}  // namespace plumb::ops
