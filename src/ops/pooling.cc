#include "ops/pooling.h"

#include <algorithm>

#include "ops/cost.h"

namespace plumb::ops {

StatusOr<Pool> MakePool(const AttrMap& attrs, const Shape& x) {
  Pool pool;
  PLUMB_ASSIGN_OR_RETURN(pool.window, ReadWindow(attrs, x.rank() - 2));
  pool.large = SpatialOf(x);
  PLUMB_ASSIGN_OR_RETURN(pool.small, WindowCounts(pool.window, pool.large));
  ResolvePads(&pool.window, pool.large);
  pool.images = x[0] * x[1];
  pool.output_shape = Shape{x[0], x[1]};
  for (const std::int64_t size : pool.small) pool.output_shape.Append(size);
  PLUMB_RETURN_IF_ERROR(MakeShape(pool.output_shape.span()).status());
  return pool;
}

WindowSpan SpanOf(const Window& window, int axis, std::int64_t small_index, std::int64_t large) {
  const std::int64_t dilation = window.dilation[axis];
  const std::int64_t start = small_index * window.stride[axis] - window.pad_begin[axis];
  const auto ceil_divide = [](std::int64_t a, std::int64_t b) {
    return a <= 0 ? 0 : (a + b - 1) / b;
  };
  WindowSpan span;
  span.first_tap = std::min(ceil_divide(-start, dilation), window.kernel[axis]);
  const std::int64_t past = std::min(ceil_divide(large - start, dilation), window.kernel[axis]);
  span.taps = std::max<std::int64_t>(0, past - span.first_tap);
  span.first_pixel = start + span.first_tap * dilation;
  const std::int64_t end = large + window.pad_end[axis];
  span.padded = std::min(ceil_divide(end - start, dilation), window.kernel[axis]);
  return span;
}

Status InferPool(InferContext& context) {
  if (!context.has_dims(0)) {
    context.SetOutput(0, context.dtype(0), std::nullopt);
    return OkStatus();
  }
  const DimVector& x = context.dims(0);
  PLUMB_ASSIGN_OR_RETURN(const Window window,
                         ReadWindow(context.attrs(), static_cast<int>(x.size()) - 2));
  DimVector dims = {x[0], x[1]};
  for (int axis = 0; axis < window.rank; ++axis) {
    PLUMB_ASSIGN_OR_RETURN(const Dim size,
                           WindowCountDim(window, axis, x[static_cast<std::size_t>(axis) + 2]));
    dims.push_back(size);
  }
  context.SetOutput(0, context.dtype(0), std::move(dims));
  return OkStatus();
}

Cost PoolCost(const ConcreteNode& node) {
  const StatusOr<Pool> pool = MakePool(node.node->attrs, node.input_shapes[0]);
  if (!pool.ok()) return StreamingCost(node, 0);
  double taps = 1;
  for (int axis = 0; axis < pool->window.rank; ++axis) {
    taps *= static_cast<double>(std::min(pool->window.kernel[axis], pool->large[axis]));
  }
  return CostPerOutput(node, taps);
}

Status InferGlobalPool(InferContext& context) {
  if (!context.has_dims(0)) {
    context.SetOutput(0, context.dtype(0), std::nullopt);
    return OkStatus();
  }
  DimVector dims = context.dims(0);
  if (dims.size() < 3) {
    return InvalidArgument("input has ", dims.size(),
                           " dimensions, expected 3 or more (batch, channels, spatial ones)");
  }
  for (std::size_t i = 2; i < dims.size(); ++i) dims[i] = Dim(1);
  context.SetOutput(0, context.dtype(0), std::move(dims));
  return OkStatus();
}

}  // namespace plumb::ops
