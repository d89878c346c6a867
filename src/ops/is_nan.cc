// IsNaN: y = x is not a number.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::isnan(x); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kIsNaN = {
    .name = "IsNaN",
    .doc = "y = x is not a number",
    .since = 9,
    .real = Real,
    .to_bool = true,
    .code = InstructionCode(kernels::EltOp::kIsNan),
};

}  // namespace

const OpDef& IsNaNOp() {
  static const OpDef op = UnaryElementwise<kIsNaN>();
  return op;
}

}  // namespace plumb::ops
