// BitwiseAnd: y = a & b.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
Wide Integer(Wide a, Wide b) { return a & b; }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kBitwiseAnd = {
    .name = "BitwiseAnd",
    .doc = "y = a & b",
    .since = 18,
    .types = "T=int",
    .integer = Integer,
    .commutative = true,
    .code = InstructionCode(kernels::EltOp::kBitAnd),
};

}  // namespace

const OpDef& BitwiseAndOp() {
  static const OpDef op = BinaryElementwise<kBitwiseAnd>();
  return op;
}

}  // namespace plumb::ops
