// BitwiseNot: y = ~x.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
Wide Integer(Wide x) { return ~x; }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kBitwiseNot = {
    .name = "BitwiseNot",
    .doc = "y = ~x",
    .since = 18,
    .types = "T=int",
    .integer = Integer,
    .code = InstructionCode(kernels::EltOp::kBitwiseNot),
};

}  // namespace

const OpDef& BitwiseNotOp() {
  static const OpDef op = UnaryElementwise<kBitwiseNot>();
  return op;
}

}  // namespace plumb::ops
