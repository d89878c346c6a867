// Not: y = not x.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
Wide Integer(Wide x) { return x == 0; }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kNot = {
    .name = "Not",
    .doc = "y = not x",
    .types = "T=bool",
    .integer = Integer,
    .to_bool = true,
    .code = InstructionCode(kernels::EltOp::kNot),
};

}  // namespace

const OpDef& NotOp() {
  static const OpDef op = UnaryElementwise<kNot>();
  return op;
}

}  // namespace plumb::ops
