#include "kernels/simd/vec_avx2.h"

#include "kernels/eltwise/elt_f32-inl.h"

namespace plumb::kernels {

EltFn FindEltF32Avx2(EltOp op) { return FindF32(op); }

}  // namespace plumb::kernels
