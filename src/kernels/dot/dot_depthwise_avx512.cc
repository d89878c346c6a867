#include "kernels/simd/narrow_avx512.h"

#include "kernels/dot/dot_depthwise-inl.h"

namespace plumb::kernels {

void DotDepthwiseAvx512(const DotDepthwise& d) noexcept { Depthwise(d); }

}  // namespace plumb::kernels
