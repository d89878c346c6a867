#include "kernels/simd/narrow_avx2.h"

#include "kernels/dot/dot_output-inl.h"

namespace plumb::kernels {

void DotFloatsAvx2(const DotFloats& out) noexcept { WriteFloats(out); }
void DotIntegersAvx2(const DotIntegers& out) noexcept { WriteIntegers(out); }

extern const DotConvert kDotConvertAvx2;
const DotConvert kDotConvertAvx2 = {FromFloats,       ToFloats,    ToInt16<int8_t>,
                                    ToInt16<uint8_t>, Interleave3, CopyRows};

}  // namespace plumb::kernels
