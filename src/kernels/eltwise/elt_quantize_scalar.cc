#include "kernels/simd/narrow_scalar.h"

#include "kernels/eltwise/elt_quantize-inl.h"

namespace plumb::kernels {

EltFn FindEltQuantizeScalar(EltOp op, EltType small) { return FindQuantize(op, small); }

}  // namespace plumb::kernels
