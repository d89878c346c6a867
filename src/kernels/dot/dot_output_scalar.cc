#include "kernels/simd/narrow_scalar.h"

#include "kernels/dot/dot_output-inl.h"

namespace plumb::kernels {

void DotFloatsScalar(const DotFloats& out) noexcept { WriteFloats(out); }
void DotIntegersScalar(const DotIntegers& out) noexcept { WriteIntegers(out); }

extern const DotConvert kDotConvertScalar;
const DotConvert kDotConvertScalar = {FromFloats,       ToFloats,    ToInt16<int8_t>,
                                      ToInt16<uint8_t>, Interleave3, CopyRows};

}  // namespace plumb::kernels
