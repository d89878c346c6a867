// BitwiseXor: y = a ^ b.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
Wide Integer(Wide a, Wide b) { return a ^ b; }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kBitwiseXor = {
    .name = "BitwiseXor",
    .doc = "y = a ^ b",
    .since = 18,
    .types = "T=int",
    .integer = Integer,
    .commutative = true,
    .code = InstructionCode(kernels::EltOp::kBitXor),
};

}  // namespace

const OpDef& BitwiseXorOp() {
  static const OpDef op = BinaryElementwise<kBitwiseXor>();
  return op;
}

}  // namespace plumb::ops
