// GlobalAveragePool: the mean over all spatial dimensions.
#include "ops/global_pool.h"
#include "ops/pool_samples.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() { return GlobalPoolSchema("GlobalAveragePool", "y = mean of x over each image"); }

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  return ReferenceGlobalPool(context, [](std::span<const double> image) {
    double sum = 0;
    for (const double x : image) sum += x;
    return sum / static_cast<double>(image.size());
  });
}

// --- gradient ---------------------------------------------------------------------------------
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), y = OutputOf(context), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const Expr share = dy * (CountOf(y, dy) / CountOf(x, dy));
  context.SetInputGradient(0, Expand(share, ShapeOf(x)).id());
  return context.builder().status();
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) {
  return LowerGlobalPool(context, kernels::PoolKind::kAverage);
}

}  // namespace

const OpDef& GlobalAveragePoolOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = InferGlobalPool;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = GlobalPoolCost;
    op.lower = Lower;
    op.samples = GlobalPoolSamples;
    op.quantizable = true;
    op.quantized_unary = "QuantizedGlobalAveragePool";
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
