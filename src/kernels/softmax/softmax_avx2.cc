#include "kernels/simd/vec_avx2.h"

#include "kernels/softmax/softmax-inl.h"

namespace plumb::kernels {

SoftmaxFns SoftmaxAvx2() { return {SoftmaxRow, SoftmaxLanes}; }

}  // namespace plumb::kernels
