#include "kernels/simd/narrow_scalar.h"

#include "kernels/pool/pool-inl.h"

namespace plumb::kernels {

PoolPixelsFns PoolPixelsScalar() { return AllPoolPixelsFns(); }

}  // namespace plumb::kernels
