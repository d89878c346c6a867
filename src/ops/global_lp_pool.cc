// GlobalLpPool: the p-norm over all spatial dimensions, y = (sum |x|^p)^(1/p).
#include <cmath>

#include "ops/global_pool.h"
#include "ops/lp_norm_terms.h"
#include "ops/pool_samples.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op = GlobalPoolSchema("GlobalLpPool", "y = (sum of |x|^p over each image)^(1/p)");
  op.since_opset = 2;
  op.attrs = {{"p", AttrType::kInt}};
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(ReadP(context.attrs()).status());
  return InferGlobalPool(context);
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const double p, ReadP(context.attrs()));
  return ReferenceGlobalPool(context, [p](std::span<const double> image) {
    double sum = 0;
    for (const double x : image) sum += std::pow(std::abs(x), p);
    return std::pow(sum, 1 / p);
  });
}

// --- gradient ---------------------------------------------------------------------------------
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), y = OutputOf(context), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const auto p = static_cast<double>(context.node().attrs.Int("p", 2));
  context.SetInputGradient(0, (SignedPower(x, p) * NormShare(y, dy, p)).id());
  return context.builder().status();
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) { return LowerGlobalPool(context, kernels::PoolKind::kLp); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  std::vector<Sample> samples = GlobalPoolSamples();
  Sample cubes = samples[0];
  cubes.name = "p = 3";
  cubes.attrs.Set("p", std::int64_t{3});
  samples.push_back(cubes);
  return samples;
}

}  // namespace

const OpDef& GlobalLpPoolOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = GlobalPoolCost;
    op.lower = Lower;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
