#include "kernels/peak/fma_loops.h"

namespace plumb::kernels {

int64_t FmaLoopScalar(int64_t rounds, float* sum) noexcept {
  constexpr int kChains = 48;
  float chain[kChains];
  for (int c = 0; c < kChains; ++c) chain[c] = static_cast<float>(c);
  float factor = 0.5f;
  for (int64_t i = 0; i < rounds; ++i) {
    asm volatile("" : "+r"(factor));
    for (int c = 0; c < kChains; ++c) chain[c] = chain[c] * factor + 1.0f;
  }
  float total = 0;
  for (int c = 0; c < kChains; ++c) total += chain[c];
  *sum = total;
  return rounds * kChains * 2;
}

}  // namespace plumb::kernels
