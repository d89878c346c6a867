#include "kernels/simd/vec_avx2.h"

#include "kernels/conv/depthwise-inl.h"

namespace plumb::kernels {

const DepthwiseTable kDepthwise3Avx2 = kDepthwiseTable<3>;

}  // namespace plumb::kernels
