// Acos: y = arccos x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::acos(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return -(t.dy / Sqrt(1.0 - Square(t.x))); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kAcos = {
    .name = "Acos",
    .doc = "y = arccos x",
    .since = 7,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kAcos),
    .low = -0.9,
    .high = 0.9,
};

}  // namespace

const OpDef& AcosOp() {
  static const OpDef op = UnaryElementwise<kAcos>();
  return op;
}

}  // namespace plumb::ops
