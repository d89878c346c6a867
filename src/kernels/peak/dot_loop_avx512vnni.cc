#include <immintrin.h>

#include "kernels/peak/fma_loops.h"

// g++ 12 takes the deliberately undefined operand of its own intrinsics for a mistake (GCC bug
// 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace plumb::kernels {

int64_t DotLoopAvx512Vnni(int64_t rounds, float* sum) noexcept {
  constexpr int kChains = 24;
  __m512i chain[kChains];
#pragma GCC unroll 24
  for (int c = 0; c < kChains; ++c) chain[c] = _mm512_set1_epi32(c);
  const __m512i bytes = _mm512_set1_epi32(0x13254711);
  for (int64_t i = 0; i < rounds; ++i) {
    // By hand: g++ 12 copies the accumulators of its intrinsic, which halves the rate.
#pragma GCC unroll 24
    for (int c = 0; c < kChains; ++c) {
      asm volatile("vpdpbusd %1, %1, %0" : "+v"(chain[c]) : "v"(bytes));
    }
  }
  __m512i total = chain[0];
#pragma GCC unroll 24
  for (int c = 1; c < kChains; ++c) total = _mm512_add_epi32(total, chain[c]);
  *sum = static_cast<float>(_mm_cvtsi128_si32(_mm512_castsi512_si128(total)));
  return rounds * kChains * 64 * 2;
}

}  // namespace plumb::kernels
