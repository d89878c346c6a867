#include "kernels/simd/narrow_avx2.h"

#include "kernels/eltwise/elt_quantize-inl.h"

namespace plumb::kernels {

EltFn FindEltQuantizeAvx2(EltOp op, EltType small) { return FindQuantize(op, small); }

}  // namespace plumb::kernels
