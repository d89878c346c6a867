// Sign: y = -1, 0 or 1 with the sign of x.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return x > 0 ? 1 : x < 0 ? -1 : x; }
Wide Integer(Wide x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kSign = {
    .name = "Sign",
    .doc = "y = -1, 0 or 1 with the sign of x",
    .since = 9,
    .types = "T=number",
    .real = Real,
    .integer = Integer,
    .code = InstructionCode(kernels::EltOp::kSign),
};

}  // namespace

const OpDef& SignOp() {
  static const OpDef op = UnaryElementwise<kSign>();
  return op;
}

}  // namespace plumb::ops
