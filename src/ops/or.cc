// Or: y = a or b.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
Wide Integer(Wide a, Wide b) { return (a != 0) | (b != 0); }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kOr = {
    .name = "Or",
    .doc = "y = a or b",
    .since = 7,
    .types = "T=bool",
    .integer = Integer,
    .to_bool = true,
    .commutative = true,
    .code = InstructionCode(kernels::EltOp::kOr),
};

}  // namespace

const OpDef& OrOp() {
  static const OpDef op = BinaryElementwise<kOr>();
  return op;
}

}  // namespace plumb::ops
