// MaxPoolGrad: the gradient of each output of MaxPool goes to the pixel that was its maximum.
#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/max_pool.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "MaxPoolGrad";
  op.domain = "plumb";
  op.doc = "dX[pixel] = sum of dY over the windows whose first maximum that pixel is";
  op.inputs = {{"dY", "T=float"}, {"X", "T"}};
  op.outputs = {{"dX", "T"}};
  op.attrs = WindowAttrs(/*ceil_mode=*/true);
  op.differentiability = Differentiability::kNotYet;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(1), context.input(1).dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& dy = context.input(0);
  const Tensor& x = context.input(1);
  PLUMB_ASSIGN_OR_RETURN(const Pool pool, MakePool(context.attrs(), x.shape()));
  if (dy.shape() != pool.output_shape) {
    return InvalidArgument("gradient of the output has shape ", dy.shape().ToString(),
                           ", expected ", pool.output_shape.ToString());
  }
  const std::vector<double> src = ToDoubles(x), gradient = ToDoubles(dy);
  std::vector<double> sums(src.size());
  const std::int64_t pixels_in = NumElements(pool.large), pixels_out = NumElements(pool.small);
  ForEachWindow(pool, [&](std::int64_t at, std::span<const std::int64_t> pixels, double) {
    for (std::int64_t image = 0; image < pool.images; ++image) {
      const std::int64_t best = LargestPixel(src.data() + image * pixels_in, pixels);
      if (best < 0) continue;
      sums[static_cast<std::size_t>(image * pixels_in + best)] +=
          gradient[static_cast<std::size_t>(image * pixels_out + at)];
    }
  });
  context.SetOutput(0, FromDoubles(x.dtype(), x.shape(), sums));
  return OkStatus();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return CostPerInput(node, 2); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const AttrMap attrs =
      Attrs({{"kernel_shape", Sizes{3, 2}}, {"strides", Sizes{2, 1}}, {"pads", Sizes{1, 0, 1, 1}}});
  return {{"overlapping", {F32({2, 3, 3, 5}), F32({2, 3, 5, 5})}, attrs},
          {"apart",
           {F32({1, 2, 2, 2}), F32({1, 2, 4, 4})},
           Attrs({{"kernel_shape", Sizes{2, 2}}, {"strides", Sizes{2, 2}}})}};
}

}  // namespace

const OpDef& MaxPoolGradOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.cost = CostOf;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
