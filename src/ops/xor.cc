// Xor: y = either a or b, not both.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
Wide Integer(Wide a, Wide b) { return (a != 0) ^ (b != 0); }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kXor = {
    .name = "Xor",
    .doc = "y = either a or b, not both",
    .since = 7,
    .types = "T=bool",
    .integer = Integer,
    .to_bool = true,
    .commutative = true,
    .code = InstructionCode(kernels::EltOp::kXor),
};

}  // namespace

const OpDef& XorOp() {
  static const OpDef op = BinaryElementwise<kXor>();
  return op;
}

}  // namespace plumb::ops
