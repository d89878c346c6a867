#include "kernels/simd/narrow_scalar.h"

#include "kernels/pool/pool-inl.h"

namespace plumb::kernels {

PoolPixelFns PoolPixelScalar() { return AllPoolPixelFns(); }

}  // namespace plumb::kernels
