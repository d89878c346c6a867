#include "kernels/simd/vec_scalar.h"

#include "kernels/reduce/reduce-inl.h"

namespace plumb::kernels {

const FoldFns& FoldScalar() { return kAllFolds; }

}  // namespace plumb::kernels
