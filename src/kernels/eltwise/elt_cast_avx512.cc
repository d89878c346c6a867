#include "kernels/eltwise/elt_cast-inl.h"

namespace plumb::kernels {

EltFn FindEltCastAvx512(EltType from, EltType to) { return FindCastF32(from, to); }

}  // namespace plumb::kernels
