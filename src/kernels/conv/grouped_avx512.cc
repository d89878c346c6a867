#include "kernels/simd/vec_avx512.h"

namespace plumb::kernels {
namespace {

struct PermuteIndex {
  __m512i v;
};
PLUMB_INLINE PermuteIndex LoadIndex(const int32_t* at) { return {_mm512_loadu_si512(at)}; }
PLUMB_INLINE Vec Permute(Vec a, PermuteIndex i) { return {_mm512_permutexvar_ps(i.v, a.v)}; }
// Lanes of a, then of b.
PLUMB_INLINE Vec Permute(Vec a, Vec b, PermuteIndex i) {
  return {_mm512_permutex2var_ps(a.v, i.v, b.v)};
}

}  // namespace
}  // namespace plumb::kernels

#include "kernels/conv/grouped-inl.h"

namespace plumb::kernels {

const GroupedTable kGroupedAvx512 = kGroupedTable;

}  // namespace plumb::kernels
