#include "ops/global_pool.h"

#include <vector>

namespace plumb::ops {

Status ReferenceGlobalPool(ReferenceContext& context,
                           const std::function<double(std::span<const double>)>& reduce) {
  const Tensor& x = context.input(0);
  if (x.rank() < 3 || !IsFloating(x.dtype())) {
    return InvalidArgument("input is ", Str(DTypeName(x.dtype())), " of ", x.rank(),
                           " dimensions, expected a float type and 3 dimensions or more");
  }
  Shape shape(x.rank(), 1);
  shape[0] = x.shape()[0];
  shape[1] = x.shape()[1];
  const std::int64_t images = NumElements(shape);
  PLUMB_ASSIGN_OR_RETURN(Tensor y, Tensor::TryAllocate(DType::kFloat64, shape));
  const std::vector<double> src = ToDoubles(x);
  const auto pixels = static_cast<std::size_t>(NumElements(SpatialOf(x.shape())));
  for (std::size_t i = 0; i < static_cast<std::size_t>(images); ++i) {
    y.mutable_data<double>()[i] = reduce({src.data() + i * pixels, pixels});
  }
  context.SetOutput(0, FromDoubles(x.dtype(), shape, y.data<double>()));
  return OkStatus();
}

}  // namespace plumb::ops
