// Ceil: y = the smallest integer >= x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::ceil(x); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kCeil = {
    .name = "Ceil",
    .doc = "y = the smallest integer >= x",
    .real = Real,
    .code = InstructionCode(kernels::EltOp::kCeil),
};

}  // namespace

const OpDef& CeilOp() {
  static const OpDef op = UnaryElementwise<kCeil>();
  return op;
}

}  // namespace plumb::ops
