#include "kernels/simd/narrow_avx512.h"

#include "kernels/dot/dot_output-inl.h"

namespace plumb::kernels {

void DotFloatsAvx512(const DotFloats& out) noexcept { WriteFloats(out); }
void DotIntegersAvx512(const DotIntegers& out) noexcept { WriteIntegers(out); }

extern const DotConvert kDotConvertAvx512;
const DotConvert kDotConvertAvx512 = {FromFloats,       ToFloats,    ToInt16<int8_t>,
                                      ToInt16<uint8_t>, Interleave3, CopyRows};

}  // namespace plumb::kernels
