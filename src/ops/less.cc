// Less: y = a < b.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double a, double b) { return a < b; }
Wide Integer(Wide a, Wide b) { return a < b; }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kLess = {
    .name = "Less",
    .doc = "y = a < b",
    .since = 7,
    .real = Real,
    .integer = Integer,
    .to_bool = true,
    .code = InstructionCode(kernels::EltOp::kLess),
};

}  // namespace

const OpDef& LessOp() {
  static const OpDef op = BinaryElementwise<kLess>();
  return op;
}

}  // namespace plumb::ops
