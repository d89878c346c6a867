#include "kernels/simd/narrow_avx512.h"

#include "kernels/pool/pool-inl.h"

namespace plumb::kernels {

PoolPixelFns PoolPixelAvx512() { return AllPoolPixelFns(); }

}  // namespace plumb::kernels
