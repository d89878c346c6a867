// AveragePoolGrad: the gradient of each window, divided by its number of pixels (unless divide =
// 0), goes to every pixel of the window.
#include "ops/conv_gradient.h"
#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/pooling.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "AveragePoolGrad";
  op.domain = "plumb";
  op.doc =
      "dX[pixel] = sum over the windows with that pixel of dY / their number of pixels; "
      "divide = 0 leaves the division out";
  op.inputs = {{"dY", "T=float"}, {"shape", "i64"}};
  op.outputs = {{"dX", "T"}};
  op.attrs = WindowAttrs(/*ceil_mode=*/true);
  op.attrs.push_back({"count_include_pad", AttrType::kInt});
  op.attrs.push_back({"divide", AttrType::kInt});
  op.differentiability = Differentiability::kNotYet;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) { return InferShapeGiven(context, 1); }

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& dy = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, ReadShape(context.input(1)));
  PLUMB_ASSIGN_OR_RETURN(const Pool pool, MakePool(context.attrs(), shape));
  if (dy.shape() != pool.output_shape) {
    return InvalidArgument("gradient of the output has shape ", dy.shape().ToString(),
                           ", expected ", pool.output_shape.ToString());
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor sums, Tensor::TryAllocate(DType::kFloat64, shape));
  double* sum = sums.mutable_data<double>().data();
  const std::vector<double> gradient = ToDoubles(dy);
  const bool include_pad = context.attrs().Int("count_include_pad", 0) != 0;
  const bool divide = context.attrs().Int("divide", 1) != 0;
  const std::int64_t pixels_in = NumElements(pool.large), pixels_out = NumElements(pool.small);
  ForEachWindow(pool, [&](std::int64_t at, std::span<const std::int64_t> pixels, double padded) {
    const double inside = include_pad ? padded : static_cast<double>(pixels.size());
    const double count = divide ? inside : 1;
    for (std::int64_t image = 0; image < pool.images; ++image) {
      const double share = gradient[static_cast<std::size_t>(image * pixels_out + at)] / count;
      for (const std::int64_t pixel : pixels) sum[image * pixels_in + pixel] += share;
    }
  });
  context.SetOutput(0, FromDoubles(dy.dtype(), shape, sums.data<double>()));
  return OkStatus();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 2); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const AttrMap attrs =
      Attrs({{"kernel_shape", Sizes{3, 2}}, {"strides", Sizes{2, 1}}, {"pads", Sizes{1, 0, 1, 1}}});
  AttrMap undivided = attrs;
  undivided.Set("divide", std::int64_t{0});
  return {{"overlapping", {F32({2, 3, 3, 5}), ConstantInts({2, 3, 5, 5})}, attrs},
          {"undivided", {F32({2, 3, 3, 5}), ConstantInts({2, 3, 5, 5})}, undivided}};
}

}  // namespace

const OpDef& AveragePoolGradOp() {
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
