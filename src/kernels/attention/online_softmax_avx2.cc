#include "kernels/simd/vec_avx2.h"

#include "kernels/attention/online_softmax-inl.h"

namespace plumb::kernels {

OnlineSoftmaxFns OnlineSoftmaxAvx2() { return {AddOnlineRows, FinishOnlineRows}; }

}  // namespace plumb::kernels
