// Hardmax: 1 at the first maximum along an axis, 0 elsewhere.
#include <algorithm>

#include "ops/softmax_family.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op = SoftmaxSchema("Hardmax", "y = 1 at the first maximum along the axis, else 0");
  op.differentiability = Differentiability::kNot;
  return op;
}

Status Upgrade(UpgradeContext& context) { return UpgradeSoftmax(context, "Hardmax"); }

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  return ReferenceRows(context, [](std::span<double> row) {
    const auto first = std::max_element(row.begin(), row.end());
    const auto position = static_cast<std::size_t>(first - row.begin());
    std::fill(row.begin(), row.end(), 0.0);
    row[position] = 1;
  });
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) {
  return LowerSoftmax(context, kernels::SoftmaxKind::kHardmax);
}

}  // namespace

const OpDef& HardmaxOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.reference = Reference;
    op.lower = Lower;
    op.upgrade = Upgrade;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
