#include "kernels/simd/vec_scalar.h"

#include "kernels/peak/bandwidth-inl.h"

namespace plumb::kernels {

BandwidthLoops BandwidthScalar() { return {ReadLoop, WriteLoop, CopyLoop}; }

}  // namespace plumb::kernels
