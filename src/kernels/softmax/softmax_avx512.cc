#include "kernels/simd/vec_avx512.h"

#include "kernels/softmax/softmax-inl.h"

namespace plumb::kernels {

SoftmaxFns SoftmaxAvx512() { return {SoftmaxRow, SoftmaxLanes}; }

}  // namespace plumb::kernels
