#include "kernels/simd/vec_avx512.h"

#include "kernels/eltwise/elt_f32-inl.h"

namespace plumb::kernels {

EltFn FindEltF32Avx512(EltOp op) { return FindF32(op); }

}  // namespace plumb::kernels
