#include <immintrin.h>

#include "kernels/dot/dot_tile-inl.h"

namespace plumb::kernels {
namespace {

struct BF16 {
  using Acc = __m512;
  using Group = __m512bh;
  static constexpr int kLanes = 16;
  static PLUMB_DOT_INLINE Acc Zero() { return _mm512_setzero_ps(); }
  static PLUMB_DOT_INLINE Acc Load(const void* from) { return _mm512_loadu_ps(from); }
  static PLUMB_DOT_INLINE Group Row(const char* a) {
    int32_t x;
    memcpy(&x, a, sizeof(x));
    return reinterpret_cast<__m512bh>(_mm512_set1_epi32(x));
  }
  static PLUMB_DOT_INLINE Group Panel(const char* b) {
    return reinterpret_cast<__m512bh>(_mm512_loadu_si512(b));
  }
  static PLUMB_DOT_INLINE Acc Dot(Acc sum, Group a, Group b) { return _mm512_dpbf16_ps(sum, a, b); }
  static PLUMB_DOT_INLINE void Store(void* to, Acc sum) { _mm512_storeu_ps(to, sum); }
};

}  // namespace

void DotTileAvx512BF16(const DotTile& tile) noexcept { RunDot512<BF16, 8>(tile); }

}  // namespace plumb::kernels
