#include <immintrin.h>

#include "kernels/dot/dot_tile-inl.h"

namespace plumb::kernels {
namespace {

// Unsigned by signed bytes. Signed ones become unsigned by 128 more, which the offsets of the sums
// take back.
template <bool kSigned>
struct Vnni {
  using Acc = __m512i;
  using Group = __m512i;
  static constexpr int kLanes = 16;
  static PLUMB_DOT_INLINE Acc Zero() { return _mm512_setzero_si512(); }
  static PLUMB_DOT_INLINE Acc Load(const void* from) { return _mm512_loadu_si512(from); }
  static PLUMB_DOT_INLINE Group Row(const char* a) {
    int32_t x;
    memcpy(&x, a, sizeof(x));
    const __m512i bytes = _mm512_set1_epi32(x);
    return kSigned ? _mm512_xor_si512(bytes, _mm512_set1_epi8(-128)) : bytes;
  }
  static PLUMB_DOT_INLINE Group Panel(const char* b) { return _mm512_loadu_si512(b); }
  static PLUMB_DOT_INLINE Acc Dot(Acc sum, Group a, Group b) {
    return _mm512_dpbusd_epi32(sum, a, b);
  }
  static PLUMB_DOT_INLINE void Store(void* to, Acc sum) { _mm512_storeu_si512(to, sum); }
};

}  // namespace

void DotTileAvx512VnniI8(const DotTile& tile) noexcept { RunDot512<Vnni<true>, 8>(tile); }
void DotTileAvx512VnniU8(const DotTile& tile) noexcept { RunDot512<Vnni<false>, 8>(tile); }

}  // namespace plumb::kernels
