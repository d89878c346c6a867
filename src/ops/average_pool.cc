// AveragePool: the mean of each window's pixels inside the image, or with count_include_pad inside
// the padded image, where padding counts as zero.
#include <vector>

#include "ops/expression.h"
#include "ops/number.h"
#include "ops/pool_lower.h"
#include "ops/pool_samples.h"
#include "ops/pooling.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "AveragePool";
  op.doc = "y = sum of a window's pixels / their number; count_include_pad counts padding too";
  op.inputs = {{"X", "T=float"}};
  op.outputs = {{"Y", "T"}};
  op.attrs = WindowAttrs(/*ceil_mode=*/true);
  op.attrs.push_back({"count_include_pad", AttrType::kInt});
  op.layout = LayoutRule::kChannelsLast;
  op.takes_bf16 = true;
  op.quantizable = true;
  op.differentiability = Differentiability::kYes;
  return op;
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  if (!IsFloating(x.dtype())) {
    return InvalidArgument("input is ", Str(DTypeName(x.dtype())), ", expected a float type");
  }
  PLUMB_ASSIGN_OR_RETURN(const Pool pool, MakePool(context.attrs(), x.shape()));
  PLUMB_ASSIGN_OR_RETURN(Tensor * y, context.Allocate(0, x.dtype(), pool.output_shape));
  const bool include_pad = context.attrs().Int("count_include_pad", 0) != 0;
  const std::int64_t pixels_in = NumElements(pool.large), pixels_out = NumElements(pool.small);
  return VisitNumber(
      x.dtype(),
      [&]<typename T>(T) -> Status {
        const T* src = x.data<T>().data();
        T* dst = y->mutable_data<T>().data();
        ForEachWindow(
            pool, [&](std::int64_t at, std::span<const std::int64_t> pixels, double padded) {
              const double count = include_pad ? padded : static_cast<double>(pixels.size());
              for (std::int64_t image = 0; image < pool.images; ++image) {
                double sum = 0;
                for (const std::int64_t p : pixels) sum += AsDouble(src[image * pixels_in + p]);
                dst[image * pixels_out + at] = FromDouble<T>(sum / count);
              }
            });
        return OkStatus();
      },
      OkStatus());
}

// --- gradient ---------------------------------------------------------------------------------
Status Gradient(GradientContext& context) {
  const Expr dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const Expr shape = ShapeOf(InputOf(context, 0));
  context.SetInputGradient(0,
                           Call("plumb.AveragePoolGrad", {dy, shape}, context.node().attrs).id());
  return context.builder().status();
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) { return LowerPool(context, kernels::PoolKind::kAverage); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  std::vector<Sample> samples = PoolSamples();
  const std::size_t count = samples.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (!samples[i].attrs.Has("pads") && !samples[i].attrs.Has("auto_pad")) continue;
    Sample padded = samples[i];
    padded.name += ", padding counted";
    padded.attrs.Set("count_include_pad", std::int64_t{1});
    samples.push_back(padded);
  }
  return samples;
}

}  // namespace

const OpDef& AveragePoolOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = InferPool;
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
