#include "kernels/simd/vec_scalar.h"

#include "kernels/eltwise/elt_f32-inl.h"

namespace plumb::kernels {

EltFn FindEltF32Scalar(EltOp op) { return FindF32(op); }

}  // namespace plumb::kernels
