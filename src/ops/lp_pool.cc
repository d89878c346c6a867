// LpPool: the p-norm of each window, y = (sum |x|^p)^(1/p).
#include <cmath>
#include <vector>

#include "ops/expression.h"
#include "ops/lp_norm_terms.h"
#include "ops/number.h"
#include "ops/pool_lower.h"
#include "ops/pool_samples.h"
#include "ops/pooling.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "LpPool";
  op.doc = "y = (sum of |x|^p over the window)^(1/p)";
  op.since_opset = 2;
  op.inputs = {{"X", "T=float"}};
  op.outputs = {{"Y", "T"}};
  op.attrs = WindowAttrs(/*ceil_mode=*/true);
  op.attrs.push_back({"p", AttrType::kInt});
  op.layout = LayoutRule::kChannelsLast;
  op.differentiability = Differentiability::kYes;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(ReadP(context.attrs()).status());
  return InferPool(context);
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const double p, ReadP(context.attrs()));
  PLUMB_ASSIGN_OR_RETURN(const Pool pool, MakePool(context.attrs(), x.shape()));
  PLUMB_ASSIGN_OR_RETURN(Tensor norms, Tensor::TryAllocate(DType::kFloat64, pool.output_shape));
  double* norm = norms.mutable_data<double>().data();
  const std::vector<double> src = ToDoubles(x);
  const std::int64_t pixels_in = NumElements(pool.large), pixels_out = NumElements(pool.small);
  ForEachWindow(pool, [&](std::int64_t at, std::span<const std::int64_t> pixels, double) {
    for (std::int64_t image = 0; image < pool.images; ++image) {
      double sum = 0;
      for (const std::int64_t pixel : pixels) {
        sum += std::pow(std::abs(src[static_cast<std::size_t>(image * pixels_in + pixel)]), p);
      }
      norm[image * pixels_out + at] = std::pow(sum, 1 / p);
    }
  });
  context.SetOutput(0, FromDoubles(x.dtype(), pool.output_shape, norms.data<double>()));
  return OkStatus();
}

// --- gradient ---------------------------------------------------------------------------------
// dy / y^(p-1) goes to every pixel of the window, times |x|^(p-1) sign(x).
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), y = OutputOf(context), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  AttrMap attrs = context.node().attrs;
  const auto p = static_cast<double>(attrs.Int("p", 2));
  attrs.Erase("p");
  attrs.Set("divide", std::int64_t{0});
  const Expr share = Call("plumb.AveragePoolGrad", {NormShare(y, dy, p), ShapeOf(x)}, attrs);
  context.SetInputGradient(0, (share * SignedPower(x, p)).id());
  return context.builder().status();
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) { return LowerPool(context, kernels::PoolKind::kLp); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  std::vector<Sample> samples = PoolSamples();
  for (std::size_t i = 0; i < 4; ++i) {
    Sample other = samples[i];
    const std::int64_t p = i % 2 == 0 ? 1 : 3;
    other.name += absl::StrCat(", p = ", p);
    other.attrs.Set("p", p);
    samples.push_back(other);
  }
  return samples;
}

}  // namespace

const OpDef& LpPoolOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = PoolCost;
    op.lower = Lower;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
