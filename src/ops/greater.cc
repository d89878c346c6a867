// Greater: y = a > b.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double a, double b) { return a > b; }
Wide Integer(Wide a, Wide b) { return a > b; }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kGreater = {
    .name = "Greater",
    .doc = "y = a > b",
    .since = 7,
    .real = Real,
    .integer = Integer,
    .to_bool = true,
    .code = InstructionCode(kernels::EltOp::kGreater),
};

}  // namespace

const OpDef& GreaterOp() {
  static const OpDef op = BinaryElementwise<kGreater>();
  return op;
}

}  // namespace plumb::ops
