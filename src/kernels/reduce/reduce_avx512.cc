#include "kernels/simd/vec_avx512.h"

#include "kernels/reduce/reduce-inl.h"

namespace plumb::kernels {

const FoldFns& FoldAvx512() { return kAllFolds; }

}  // namespace plumb::kernels
