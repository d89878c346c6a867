#include "kernels/simd/vec_avx512.h"

#include "kernels/conv/fft-inl.h"

namespace plumb::kernels {

const FftTable kFftAvx512 = kFftTable;

}  // namespace plumb::kernels
