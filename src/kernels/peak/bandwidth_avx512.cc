#include "kernels/simd/vec_avx512.h"

#include "kernels/peak/bandwidth-inl.h"

namespace plumb::kernels {

BandwidthLoops BandwidthAvx512() { return {ReadLoop, WriteLoop, CopyLoop}; }

}  // namespace plumb::kernels
