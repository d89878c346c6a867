#include "kernels/simd/narrow_avx2.h"

#include "kernels/dot/dot_depthwise-inl.h"

namespace plumb::kernels {

void DotDepthwiseAvx2(const DotDepthwise& d) noexcept { Depthwise(d); }

}  // namespace plumb::kernels
