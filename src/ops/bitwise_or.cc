// BitwiseOr: y = a | b.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
Wide Integer(Wide a, Wide b) { return a | b; }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kBitwiseOr = {
    .name = "BitwiseOr",
    .doc = "y = a | b",
    .since = 18,
    .types = "T=int",
    .integer = Integer,
    .commutative = true,
    .code = InstructionCode(kernels::EltOp::kBitOr),
};

}  // namespace

const OpDef& BitwiseOrOp() {
  static const OpDef op = BinaryElementwise<kBitwiseOr>();
  return op;
}

}  // namespace plumb::ops
