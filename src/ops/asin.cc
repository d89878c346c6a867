// Asin: y = arcsin x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::asin(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy / Sqrt(1.0 - Square(t.x)); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kAsin = {
    .name = "Asin",
    .doc = "y = arcsin x",
    .since = 7,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kAsin),
    .low = -0.9,
    .high = 0.9,
};

}  // namespace

const OpDef& AsinOp() {
  static const OpDef op = UnaryElementwise<kAsin>();
  return op;
}

}  // namespace plumb::ops
