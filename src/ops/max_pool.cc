// MaxPool: the largest pixel of each window, and where it was.
#include <cmath>
#include <limits>
#include <vector>

#include "ops/expression.h"
#include "ops/max_pool.h"
#include "ops/number.h"
#include "ops/pool_lower.h"
#include "ops/pool_samples.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "MaxPool";
  op.doc =
      "Y = the largest pixel of each window; Indices = its flat index in X (storage_order 1: "
      "with the first spatial dimension innermost)";
  op.inputs = {{"X", "T=float|i8|u8"}};
  op.outputs = {{"Y", "T"}, {"Indices", "i64", Arity::kOptional}};
  op.attrs = WindowAttrs(/*ceil_mode=*/true);
  op.attrs.push_back({"storage_order", AttrType::kInt});
  op.layout = LayoutRule::kChannelsLast;
  op.takes_bf16 = true;
  op.picks_elements = true;
  op.differentiability = Differentiability::kYes;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(InferPool(context));
  context.SetOutput(1, DType::kInt64, context.outputs()[0].dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
// Column-major: the spatial axes in the opposite order.
std::int64_t ColumnMajor(std::int64_t pixel, const Dims& sizes) {
  const Strides strides = RowMajorStrides(sizes);
  std::int64_t index = 0, step = 1;
  for (int axis = 0; axis < sizes.rank(); ++axis) {
    index += pixel / strides[axis] % sizes[axis] * step;
    step *= sizes[axis];
  }
  return index;
}

template <typename T>
void Run(const Pool& pool, bool column_major, const T* src, T* dst, std::int64_t* indices) {
  const std::int64_t pixels_in = NumElements(pool.large), pixels_out = NumElements(pool.small);
  ForEachWindow(pool, [&](std::int64_t at, std::span<const std::int64_t> pixels, double) {
    for (std::int64_t image = 0; image < pool.images; ++image) {
      const std::int64_t best = LargestPixel(src + image * pixels_in, pixels);
      // A window that lies in the padding alone has no pixel.
      dst[image * pixels_out + at] = best < 0
                                         ? FromDouble<T>(-std::numeric_limits<double>::infinity())
                                         : src[image * pixels_in + best];
      if (indices != nullptr) {
        const std::int64_t within = best < 0       ? 0
                                    : column_major ? ColumnMajor(best, pool.large)
                                                   : best;
        indices[image * pixels_out + at] = image * pixels_in + within;
      }
    }
  });
}

Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const Pool pool, MakePool(context.attrs(), x.shape()));
  PLUMB_ASSIGN_OR_RETURN(Tensor * y, context.Allocate(0, x.dtype(), pool.output_shape));
  std::int64_t* indices = nullptr;
  if (context.wants_output(1)) {
    PLUMB_ASSIGN_OR_RETURN(Tensor * where, context.Allocate(1, DType::kInt64, pool.output_shape));
    indices = where->mutable_data<std::int64_t>().data();
  }
  const bool column_major = context.attrs().Int("storage_order", 0) != 0;
  return VisitNumber(
      x.dtype(),
      [&]<typename T>(T) -> Status {
        Run(pool, column_major, x.data<T>().data(), y->mutable_data<T>().data(), indices);
        return OkStatus();
      },
      InvalidArgument("element type ", Str(DTypeName(x.dtype())), " has no maximum"));
}

// --- gradient ---------------------------------------------------------------------------------
Status Gradient(GradientContext& context) {
  const Expr dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  AttrMap attrs = context.node().attrs;
  attrs.Erase("storage_order");
  context.SetInputGradient(0, Call("plumb.MaxPoolGrad", {dy, InputOf(context, 0)}, attrs).id());
  return context.builder().status();
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) { return LowerPool(context, kernels::PoolKind::kMax); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  std::vector<Sample> samples = PoolSamples();
  for (std::size_t i = 0; i < 7; ++i) {
    Sample indices = samples[i];
    indices.name += " with indices";
    indices.outputs = 2;
    if (i % 2 == 1) indices.attrs.Set("storage_order", std::int64_t{1});
    samples.push_back(indices);
  }
  const AttrMap attrs = Attrs({{"kernel_shape", Sizes{2, 2}}});
  samples.push_back({"u8", {Random(DType::kUInt8, {1, 3, 5, 5}, 0, 255)}, attrs, 1, 0});
  samples.push_back({"i8", {Random(DType::kInt8, {1, 3, 5, 5}, -128, 127)}, attrs, 1, 0});
  return samples;
}

}  // namespace

const OpDef& MaxPoolOp() {
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
