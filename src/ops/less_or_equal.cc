// LessOrEqual: y = a <= b.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double a, double b) { return a <= b; }
Wide Integer(Wide a, Wide b) { return a <= b; }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kLessOrEqual = {
    .name = "LessOrEqual",
    .doc = "y = a <= b",
    .since = 12,
    .real = Real,
    .integer = Integer,
    .to_bool = true,
    .code = InstructionCode(kernels::EltOp::kLessOrEqual),
};

}  // namespace

const OpDef& LessOrEqualOp() {
  static const OpDef op = BinaryElementwise<kLessOrEqual>();
  return op;
}

}  // namespace plumb::ops
