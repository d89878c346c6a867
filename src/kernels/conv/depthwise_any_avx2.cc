#include "kernels/simd/vec_avx2.h"

#include "kernels/conv/depthwise-inl.h"

namespace plumb::kernels {

void DepthwiseAnyAvx2(const DepthwiseBlock& block) noexcept { RunDepthwiseAny(block); }

}  // namespace plumb::kernels
