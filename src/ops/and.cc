// And: y = a and b.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
Wide Integer(Wide a, Wide b) { return (a != 0) & (b != 0); }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kAnd = {
    .name = "And",
    .doc = "y = a and b",
    .since = 7,
    .types = "T=bool",
    .integer = Integer,
    .to_bool = true,
    .commutative = true,
    .code = InstructionCode(kernels::EltOp::kAnd),
};

}  // namespace

const OpDef& AndOp() {
  static const OpDef op = BinaryElementwise<kAnd>();
  return op;
}

}  // namespace plumb::ops
