#include <immintrin.h>

#include "kernels/peak/fma_loops.h"

// g++ 12 takes the deliberately undefined operand of its own intrinsics for a mistake (GCC bug
// 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace plumb::kernels {

int64_t DotLoopAvx512BF16(int64_t rounds, float* sum) noexcept {
  constexpr int kChains = 24;
  __m512 chain[kChains];
#pragma GCC unroll 24
  for (int c = 0; c < kChains; ++c) chain[c] = _mm512_set1_ps(static_cast<float>(c));
  __m512i bits = _mm512_set1_epi32(0x3c253c11);
  for (int64_t i = 0; i < rounds; ++i) {
    // The compiler must not move work out of the loop.
    asm volatile("" : "+v"(bits));
    const __m512bh pairs = reinterpret_cast<__m512bh>(bits);
#pragma GCC unroll 24
    for (int c = 0; c < kChains; ++c) chain[c] = _mm512_dpbf16_ps(chain[c], pairs, pairs);
  }
  __m512 total = chain[0];
#pragma GCC unroll 24
  for (int c = 1; c < kChains; ++c) total = _mm512_add_ps(total, chain[c]);
  *sum = _mm512_cvtss_f32(total);
  return rounds * kChains * 32 * 2;
}

}  // namespace plumb::kernels
