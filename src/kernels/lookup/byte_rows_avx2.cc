// Sixteen shuffles of sixteen entries each, chosen among by the upper bits.
#include <immintrin.h>

#include "kernels/lookup/byte_rows.h"

namespace plumb::kernels {
namespace {

// Entries [16 first, 16 (first + 2^kBits)) by the low four bits, and kBits more of each byte.
template <int kBits>
inline __m256i LookUp(const uint8_t* table, int first, __m256i low, __m256i x) {
  if constexpr (kBits == 0) {
    const auto* entries = reinterpret_cast<const __m128i*>(table) + first;
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128(entries)), low);
  } else {
    // The bit that decides moves to the top of its byte.
    const __m256i upper = _mm256_slli_epi16(x, 4 - kBits);
    return _mm256_blendv_epi8(LookUp<kBits - 1>(table, first, low, x),
                              LookUp<kBits - 1>(table, first + (1 << (kBits - 1)), low, x), upper);
  }
}

}  // namespace

void LookUpRowsAvx2(const ByteRows& rows) noexcept {
  for (int64_t r = 0; r < rows.rows; ++r) {
    const uint8_t* src = rows.src + r * rows.src_pitch;
    uint8_t* dst = rows.dst + r * rows.dst_pitch;
    int64_t i = 0;
    for (; i + 32 <= rows.columns; i += 32) {
      const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(src + i));
      const __m256i low = _mm256_and_si256(x, _mm256_set1_epi8(15));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst + i), LookUp<4>(rows.table, 0, low, x));
    }
    for (; i < rows.columns; ++i) dst[i] = rows.table[src[i]];
  }
}

}  // namespace plumb::kernels
