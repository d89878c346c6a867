#include "kernels/simd/narrow_avx2.h"

#include "kernels/pool/pool-inl.h"

namespace plumb::kernels {

PoolPixelFns PoolPixelAvx2() { return AllPoolPixelFns(); }

}  // namespace plumb::kernels
