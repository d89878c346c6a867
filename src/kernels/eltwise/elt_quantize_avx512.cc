#include "kernels/simd/narrow_avx512.h"

#include "kernels/eltwise/elt_quantize-inl.h"

namespace plumb::kernels {

EltFn FindEltQuantizeAvx512(EltOp op, EltType small) { return FindQuantize(op, small); }

}  // namespace plumb::kernels
