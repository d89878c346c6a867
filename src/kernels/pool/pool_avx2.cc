#include "kernels/simd/narrow_avx2.h"

#include "kernels/pool/pool-inl.h"

namespace plumb::kernels {

PoolPixelsFns PoolPixelsAvx2() { return AllPoolPixelsFns(); }

}  // namespace plumb::kernels
