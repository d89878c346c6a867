// Min: y = the smallest of all inputs, broadcast; NaN wins.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double a, double b) { return MinOf(a, b); }
Wide Integer(Wide a, Wide b) { return a < b ? a : b; }

// --- schema -----------------------------------------------------------------------------------
constexpr VariadicRule kMin = {
    .name = "Min",
    .doc = "y = the smallest of all inputs, broadcast; NaN wins",
    .since = 8,
    .real = Real,
    .integer = Integer,
    .gradient = ExtremeGradient,
    .code = InstructionCode(kernels::EltOp::kMin),
};

}  // namespace

const OpDef& MinOp() {
  static const OpDef op = VariadicElementwise<kMin>();
  return op;
}

}  // namespace plumb::ops
