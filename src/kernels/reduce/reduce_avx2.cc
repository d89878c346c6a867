#include "kernels/simd/vec_avx2.h"

#include "kernels/reduce/reduce-inl.h"

namespace plumb::kernels {

const FoldFns& FoldAvx2() { return kAllFolds; }

}  // namespace plumb::kernels
