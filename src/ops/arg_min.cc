// ArgMin: the index of the smallest element along an axis, the first of equals unless
// select_last_index.
#include "ops/arg_extreme.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  return ArgExtremeSchema("ArgMin",
                          "index of the smallest element along the axis, the first of equals "
                          "unless select_last_index; NaN counts as smallest");
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  return ReferenceArgExtreme(context, /*smallest=*/true);
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) { return LowerArgExtreme(context, /*smallest=*/true); }

}  // namespace

const OpDef& ArgMinOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.reference = Reference;
    op.lower = Lower;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
