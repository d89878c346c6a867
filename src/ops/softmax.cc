// Softmax: y = e^x / sum of e^x along an axis.
#include <algorithm>
#include <cmath>

#include "ops/softmax_family.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op = SoftmaxSchema("Softmax", "y = e^x / sum of e^x along the axis");
  op.differentiability = Differentiability::kYes;
  return op;
}

Status Upgrade(UpgradeContext& context) { return UpgradeSoftmax(context, "Softmax"); }

// --- reference --------------------------------------------------------------------------------
// The maximum is subtracted so that no power overflows.
Status Reference(ReferenceContext& context) {
  return ReferenceRows(context, [](std::span<double> row) {
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (double& x : row) sum += x = std::exp(x - largest);
    for (double& x : row) x /= sum;
  });
}

// --- gradient ---------------------------------------------------------------------------------
// dx = (dy - sum of dy y) y
Status Gradient(GradientContext& context) {
  const Expr y = OutputOf(context), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const std::int64_t axis = context.node().attrs.Int("axis", -1);
  const Expr sum = Reduce("ReduceSum", dy * y, {axis}, /*keep=*/true);
  context.SetInputGradient(0, ((dy - sum) * y).id());
  return context.builder().status();
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) {
  return LowerSoftmax(context, kernels::SoftmaxKind::kSoftmax);
}

}  // namespace

const OpDef& SoftmaxOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.reference = Reference;
    op.gradient = Gradient;
    op.lower = Lower;
    op.upgrade = Upgrade;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
