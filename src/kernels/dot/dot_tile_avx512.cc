#include <immintrin.h>

#include "kernels/dot/dot_tile-inl.h"

namespace plumb::kernels {
namespace {

struct F32 {
  using Acc = __m512;
  using Group = __m512;
  static constexpr int kLanes = 16;
  static PLUMB_DOT_INLINE Acc Zero() { return _mm512_setzero_ps(); }
  static PLUMB_DOT_INLINE Acc Load(const void* from) { return _mm512_loadu_ps(from); }
  static PLUMB_DOT_INLINE Group Row(const char* a) {
    float x;
    memcpy(&x, a, sizeof(x));
    return _mm512_set1_ps(x);
  }
  static PLUMB_DOT_INLINE Group Panel(const char* b) { return _mm512_loadu_ps(b); }
  static PLUMB_DOT_INLINE Acc Dot(Acc sum, Group a, Group b) { return _mm512_fmadd_ps(a, b, sum); }
  static PLUMB_DOT_INLINE void Store(void* to, Acc sum) { _mm512_storeu_ps(to, sum); }
};

struct I16 {
  using Acc = __m512i;
  using Group = __m512i;
  static constexpr int kLanes = 16;
  static PLUMB_DOT_INLINE Acc Zero() { return _mm512_setzero_si512(); }
  static PLUMB_DOT_INLINE Acc Load(const void* from) { return _mm512_loadu_si512(from); }
  static PLUMB_DOT_INLINE Group Row(const char* a) {
    int32_t x;
    memcpy(&x, a, sizeof(x));
    return _mm512_set1_epi32(x);
  }
  static PLUMB_DOT_INLINE Group Panel(const char* b) { return _mm512_loadu_si512(b); }
  static PLUMB_DOT_INLINE Acc Dot(Acc sum, Group a, Group b) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
  }
  static PLUMB_DOT_INLINE void Store(void* to, Acc sum) { _mm512_storeu_si512(to, sum); }
};

}  // namespace

void DotTileAvx512F32(const DotTile& tile) noexcept { RunDot512<F32, 8>(tile); }
void DotTileAvx512I16(const DotTile& tile) noexcept { RunDot512<I16, 8>(tile); }

}  // namespace plumb::kernels
