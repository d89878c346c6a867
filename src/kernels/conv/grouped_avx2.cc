#include "kernels/simd/vec_avx2.h"

namespace plumb::kernels {
namespace {

struct PermuteIndex {
  __m256i v;
};
PLUMB_INLINE PermuteIndex LoadIndex(const int32_t* at) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))};
}
PLUMB_INLINE Vec Permute(Vec a, PermuteIndex i) { return {_mm256_permutevar8x32_ps(a.v, i.v)}; }
// Lanes of a, then of b: bit 3 of an index chooses, moved to where the blend looks.
PLUMB_INLINE Vec Permute(Vec a, Vec b, PermuteIndex i) {
  const __m256 from_b = _mm256_castsi256_ps(_mm256_slli_epi32(i.v, 28));
  return {_mm256_blendv_ps(_mm256_permutevar8x32_ps(a.v, i.v), _mm256_permutevar8x32_ps(b.v, i.v),
                           from_b)};
}

}  // namespace
}  // namespace plumb::kernels

#include "kernels/conv/grouped-inl.h"

namespace plumb::kernels {

const GroupedTable kGroupedAvx2 = kGroupedTable;

}  // namespace plumb::kernels
