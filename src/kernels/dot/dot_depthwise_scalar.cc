#include "kernels/simd/narrow_scalar.h"

#include "kernels/dot/dot_depthwise-inl.h"

namespace plumb::kernels {

void DotDepthwiseScalar(const DotDepthwise& d) noexcept { Depthwise(d); }

}  // namespace plumb::kernels
