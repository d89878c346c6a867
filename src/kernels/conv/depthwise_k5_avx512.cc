#include "kernels/simd/vec_avx512.h"

#include "kernels/conv/depthwise-inl.h"

namespace plumb::kernels {

const DepthwiseTable kDepthwise5Avx512 = kDepthwiseTable<5>;

}  // namespace plumb::kernels
