#include "kernels/simd/vec_avx512.h"

#include "kernels/conv/depthwise-inl.h"

namespace plumb::kernels {

void DepthwiseAnyAvx512(const DepthwiseBlock& block) noexcept { RunDepthwiseAny(block); }

}  // namespace plumb::kernels
