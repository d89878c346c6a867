#include "kernels/simd/vec_scalar.h"

#include "kernels/norm/lrn-inl.h"
#include "kernels/norm/norm-inl.h"

namespace plumb::kernels {

NormFns NormScalar() {
  return {NormOneRow, Affine, RowMoments, ColumnMoments, LrnPixels, LrnPlanes, LpRow};
}

}  // namespace plumb::kernels
