#include "kernels/simd/vec_avx512.h"

#include "kernels/norm/lrn-inl.h"
#include "kernels/norm/norm-inl.h"

namespace plumb::kernels {

NormFns NormAvx512() {
  return {NormOneRow, Affine, RowMoments, ColumnMoments, LrnPixels, LrnPlanes, LpRow};
}

}  // namespace plumb::kernels
