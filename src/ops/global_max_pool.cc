// GlobalMaxPool: the maximum over all spatial dimensions.
#include <limits>
#include <numeric>
#include <vector>

#include "ops/elementwise.h"
#include "ops/global_pool.h"
#include "ops/pool_samples.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() { return GlobalPoolSchema("GlobalMaxPool", "y = maximum of x over each image"); }

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  return ReferenceGlobalPool(context, [](std::span<const double> image) {
    double largest = -std::numeric_limits<double>::infinity();
    for (const double x : image) largest = MaxOf(largest, x);
    return largest;
  });
}

// --- gradient ---------------------------------------------------------------------------------
// Shared equally by the pixels that are the maximum.
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), y = OutputOf(context), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  if (!x.rank()) return Unimplemented("gradient needs the rank of the input");
  std::vector<std::int64_t> axes(static_cast<std::size_t>(*x.rank() - 2));
  std::iota(axes.begin(), axes.end(), 2);
  const Expr largest = Cast(Equal(x, y), x.dtype());
  const Expr count = Reduce("ReduceSum", largest, axes, /*keep=*/true);
  context.SetInputGradient(0, (largest * (dy / count)).id());
  return context.builder().status();
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) { return LowerGlobalPool(context, kernels::PoolKind::kMax); }

}  // namespace

const OpDef& GlobalMaxPoolOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = InferGlobalPool;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = GlobalPoolCost;
    op.lower = Lower;
    op.samples = GlobalPoolSamples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
