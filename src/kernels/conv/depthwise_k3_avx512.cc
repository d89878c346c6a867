#include "kernels/simd/vec_avx512.h"

#include "kernels/conv/depthwise-inl.h"

namespace plumb::kernels {

const DepthwiseTable kDepthwise3Avx512 = kDepthwiseTable<3>;

}  // namespace plumb::kernels
