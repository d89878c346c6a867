#include "kernels/simd/vec_scalar.h"

#include "kernels/conv/fft-inl.h"

namespace plumb::kernels {

const FftTable kFftScalar = kFftTable;

}  // namespace plumb::kernels
