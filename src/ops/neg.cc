// Neg: y = -x.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return -x; }
Wide Integer(Wide x) { return -x; }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return -t.dy; }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kNeg = {
    .name = "Neg",
    .doc = "y = -x",
    .types = "T=signed",
    .real = Real,
    .integer = Integer,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kNeg),
};

}  // namespace

const OpDef& NegOp() {
  static const OpDef op = UnaryElementwise<kNeg>();
  return op;
}

}  // namespace plumb::ops
