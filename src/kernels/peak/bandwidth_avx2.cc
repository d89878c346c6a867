#include "kernels/simd/vec_avx2.h"

#include "kernels/peak/bandwidth-inl.h"

namespace plumb::kernels {

BandwidthLoops BandwidthAvx2() { return {ReadLoop, WriteLoop, CopyLoop}; }

}  // namespace plumb::kernels
