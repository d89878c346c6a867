#include "kernels/simd/vec_scalar.h"

#include "kernels/attention/online_softmax-inl.h"

namespace plumb::kernels {

OnlineSoftmaxFns OnlineSoftmaxScalar() { return {AddOnlineRows, FinishOnlineRows}; }

}  // namespace plumb::kernels
