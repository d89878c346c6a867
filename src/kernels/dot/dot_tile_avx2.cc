#include <immintrin.h>

#include "kernels/dot/dot_tile-inl.h"

namespace plumb::kernels {
namespace {

struct F32 {
  using Acc = __m256;
  using Group = __m256;
  static constexpr int kLanes = 8;
  static PLUMB_DOT_INLINE Acc Zero() { return _mm256_setzero_ps(); }
  static PLUMB_DOT_INLINE Acc Load(const void* from) {
    return _mm256_loadu_ps(static_cast<const float*>(from));
  }
  static PLUMB_DOT_INLINE Group Row(const char* a) {
    float x;
    memcpy(&x, a, sizeof(x));
    return _mm256_set1_ps(x);
  }
  static PLUMB_DOT_INLINE Group Panel(const char* b) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(b));
  }
  static PLUMB_DOT_INLINE Acc Dot(Acc sum, Group a, Group b) { return _mm256_fmadd_ps(a, b, sum); }
  static PLUMB_DOT_INLINE void Store(void* to, Acc sum) {
    _mm256_storeu_ps(static_cast<float*>(to), sum);
  }
};

struct I16 {
  using Acc = __m256i;
  using Group = __m256i;
  static constexpr int kLanes = 8;
  static PLUMB_DOT_INLINE Acc Zero() { return _mm256_setzero_si256(); }
  static PLUMB_DOT_INLINE Acc Load(const void* from) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(from));
  }
  static PLUMB_DOT_INLINE Group Row(const char* a) {
    int32_t x;
    memcpy(&x, a, sizeof(x));
    return _mm256_set1_epi32(x);
  }
  static PLUMB_DOT_INLINE Group Panel(const char* b) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b));
  }
  static PLUMB_DOT_INLINE Acc Dot(Acc sum, Group a, Group b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
  }
  static PLUMB_DOT_INLINE void Store(void* to, Acc sum) {
    _mm256_storeu_si256(static_cast<__m256i*>(to), sum);
  }
};

}  // namespace

void DotTileAvx2F32(const DotTile& tile) noexcept { RunDot<F32, 6, 2>(tile); }
void DotTileAvx2I16(const DotTile& tile) noexcept { RunDot<I16, 4, 2>(tile); }

}  // namespace plumb::kernels
