#include "kernels/simd/vec_avx2.h"

#include "kernels/conv/fft-inl.h"

namespace plumb::kernels {

const FftTable kFftAvx2 = kFftTable;

}  // namespace plumb::kernels
