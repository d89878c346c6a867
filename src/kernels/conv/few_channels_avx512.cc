#include "kernels/simd/vec_avx512.h"

#include "kernels/conv/few_channels-inl.h"

namespace plumb::kernels {

const LineTable kLinesAvx512 = PLUMB_LINE_TABLE(14, 7, 14, 7);

}  // namespace plumb::kernels
