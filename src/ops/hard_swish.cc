// HardSwish: y = x * max(0, min(1, x / 6 + 1/2)).
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) {
  return x * MaxOf(0, MinOf(1, x / 6 + 0.5));
}

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) {
  const Expr inside = Where(Less(t.x, 3), t.dy * (t.x / 3.0 + 0.5), t.dy);
  return KeepWhere(Greater(t.x, -3), inside);
}

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kHardSwish = {
    .name = "HardSwish",
    .doc = "y = x * max(0, min(1, x / 6 + 1/2))",
    .since = 14,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kHardSwish),
    .activation = "hard_swish",
    .low = -5,
    .high = 5,
};

}  // namespace

const OpDef& HardSwishOp() {
  static const OpDef op = UnaryElementwise<kHardSwish>();
  return op;
}

}  // namespace plumb::ops
