// Relu: y = max(x, 0).
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return x < 0 ? 0 : x; }
Wide Integer(Wide x) { return x < 0 ? 0 : x; }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return KeepWhere(Greater(t.y, 0), t.dy); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kRelu = {
    .name = "Relu",
    .doc = "y = max(x, 0)",
    .since = 6,
    .types = "T=signed",
    .real = Real,
    .integer = Integer,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kRelu),
    .activation = "relu",
};

}  // namespace

const OpDef& ReluOp() {
  static const OpDef op = UnaryElementwise<kRelu>();
  return op;
}

}  // namespace plumb::ops
