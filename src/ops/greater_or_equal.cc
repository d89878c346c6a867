// GreaterOrEqual: y = a >= b.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double a, double b) { return a >= b; }
Wide Integer(Wide a, Wide b) { return a >= b; }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kGreaterOrEqual = {
    .name = "GreaterOrEqual",
    .doc = "y = a >= b",
    .since = 12,
    .real = Real,
    .integer = Integer,
    .to_bool = true,
    .code = InstructionCode(kernels::EltOp::kGreaterOrEqual),
};

}  // namespace

const OpDef& GreaterOrEqualOp() {
  static const OpDef op = BinaryElementwise<kGreaterOrEqual>();
  return op;
}

}  // namespace plumb::ops
