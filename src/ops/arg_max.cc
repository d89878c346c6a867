// ArgMax: the index of the largest element along an axis, the first of equals unless
// select_last_index.
#include "ops/arg_extreme.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  return ArgExtremeSchema("ArgMax",
                          "index of the largest element along the axis, the first of equals "
                          "unless select_last_index; NaN counts as largest");
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  return ReferenceArgExtreme(context, /*smallest=*/false);
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) { return LowerArgExtreme(context, /*smallest=*/false); }

}  // namespace

const OpDef& ArgMaxOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.reference = Reference;
    op.lower = Lower;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
