#include "kernels/simd/vec_avx2.h"

#include "kernels/conv/depthwise-inl.h"

namespace plumb::kernels {

const DepthwiseTable kDepthwise5Avx2 = kDepthwiseTable<5>;

}  // namespace plumb::kernels
