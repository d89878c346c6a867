#include <immintrin.h>

#include "kernels/peak/fma_loops.h"

namespace plumb::kernels {

int64_t FmaLoopAvx512(int64_t rounds, float* sum) noexcept {
  constexpr int kChains = 24;
  __m512 chain[kChains];
#pragma GCC unroll 24
  for (int c = 0; c < kChains; ++c) chain[c] = _mm512_set1_ps(static_cast<float>(c));
  __m512 factor = _mm512_set1_ps(0.5f);
  const __m512 term = _mm512_set1_ps(1.0f);
  for (int64_t i = 0; i < rounds; ++i) {
    // The compiler must not see that the factor is a constant, or move work out of the loop.
    asm volatile("" : "+v"(factor));
#pragma GCC unroll 24
    for (int c = 0; c < kChains; ++c) chain[c] = _mm512_fmadd_ps(chain[c], factor, term);
  }
  __m512 total = chain[0];
#pragma GCC unroll 24
  for (int c = 1; c < kChains; ++c) total = _mm512_add_ps(total, chain[c]);
  *sum = _mm512_cvtss_f32(total);
  return rounds * kChains * 16 * 2;
}

}  // namespace plumb::kernels
