#include "kernels/simd/vec_avx2.h"

#include "kernels/conv/few_channels-inl.h"

namespace plumb::kernels {

const LineTable kLinesAvx2 = PLUMB_LINE_TABLE(12, 4, 6, 3);

}  // namespace plumb::kernels
