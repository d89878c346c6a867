// LogSoftmax: y = x - ln(sum of e^x) along an axis.
#include <algorithm>
#include <cmath>

#include "ops/softmax_family.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op = SoftmaxSchema("LogSoftmax", "y = x - ln(sum of e^x) along the axis");
  op.differentiability = Differentiability::kYes;
  return op;
}

Status Upgrade(UpgradeContext& context) { return UpgradeSoftmax(context, "LogSoftmax"); }

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  return ReferenceRows(context, [](std::span<double> row) {
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (const double x : row) sum += std::exp(x - largest);
    for (double& x : row) x -= largest + std::log(sum);
  });
}

// --- gradient ---------------------------------------------------------------------------------
// dx = dy - e^y * sum of dy
Status Gradient(GradientContext& context) {
  const Expr y = OutputOf(context), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const std::int64_t axis = context.node().attrs.Int("axis", -1);
  const Expr sum = Reduce("ReduceSum", dy, {axis}, /*keep=*/true);
  context.SetInputGradient(0, (dy - Exp(y) * sum).id());
  return context.builder().status();
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) {
  return LowerSoftmax(context, kernels::SoftmaxKind::kLogSoftmax);
}

}  // namespace

const OpDef& LogSoftmaxOp() {
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
