// Max: y = the largest of all inputs, broadcast; NaN wins.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double a, double b) { return MaxOf(a, b); }
Wide Integer(Wide a, Wide b) { return a > b ? a : b; }

// --- schema -----------------------------------------------------------------------------------
constexpr VariadicRule kMax = {
    .name = "Max",
    .doc = "y = the largest of all inputs, broadcast; NaN wins",
    .since = 8,
    .real = Real,
    .integer = Integer,
    .gradient = ExtremeGradient,
    .code = InstructionCode(kernels::EltOp::kMax),
};

}  // namespace

const OpDef& MaxOp() {
  static const OpDef op = VariadicElementwise<kMax>();
  return op;
}

}  // namespace plumb::ops
