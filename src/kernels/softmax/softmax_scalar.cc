#include "kernels/simd/vec_scalar.h"

#include "kernels/softmax/softmax-inl.h"

namespace plumb::kernels {

SoftmaxFns SoftmaxScalar() { return {SoftmaxRow, SoftmaxLanes}; }

}  // namespace plumb::kernels
