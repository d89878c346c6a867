#include "kernels/simd/narrow_avx512.h"

#include "kernels/pool/pool-inl.h"

namespace plumb::kernels {

PoolPixelsFns PoolPixelsAvx512() { return AllPoolPixelsFns(); }

}  // namespace plumb::kernels
