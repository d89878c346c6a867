#include "kernels/simd/vec_avx512.h"

#include "kernels/attention/online_softmax-inl.h"

namespace plumb::kernels {

OnlineSoftmaxFns OnlineSoftmaxAvx512() { return {AddOnlineRows, FinishOnlineRows}; }

}  // namespace plumb::kernels
