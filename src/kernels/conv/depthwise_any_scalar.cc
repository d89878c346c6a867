#include "kernels/simd/vec_scalar.h"

#include "kernels/conv/depthwise-inl.h"

namespace plumb::kernels {

void DepthwiseAnyScalar(const DepthwiseBlock& block) noexcept { RunDepthwiseAny(block); }

}  // namespace plumb::kernels
