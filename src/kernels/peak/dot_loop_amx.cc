#include <immintrin.h>
#include <string.h>

#include "kernels/peak/fma_loops.h"

namespace plumb::kernels {
namespace {

struct alignas(64) Palette {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

constexpr int kChains = 6;
constexpr int64_t kSums = 16 * 16;

// Numbers that are not zero: the units of some processors run slower then.
inline void Begin(bool bf16) {
  Palette palette;
  asm volatile("" : "+m"(palette));
  _tile_loadconfig(&palette);
  alignas(64) uint8_t bytes[1024];
  for (int i = 0; i < 1024; ++i) {
    bytes[i] = static_cast<uint8_t>(bf16 ? (i % 2 == 1 ? 0x3c : i * 37) : i * 37);
  }
  asm volatile("" : "+m"(bytes));
  _tile_loadd(6, bytes, 64);
  _tile_loadd(7, bytes, 64);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
}

inline void End(float* sum) {
  alignas(64) float out[kSums];
  _tile_stored(0, out, 64);
  *sum = out[0];
  _tile_release();
}

}  // namespace

int64_t DotLoopAmxBF16(int64_t rounds, float* sum) noexcept {
  Begin(true);
  for (int64_t i = 0; i < rounds; ++i) {
    _tile_dpbf16ps(0, 6, 7);
    _tile_dpbf16ps(1, 6, 7);
    _tile_dpbf16ps(2, 6, 7);
    _tile_dpbf16ps(3, 6, 7);
    _tile_dpbf16ps(4, 6, 7);
    _tile_dpbf16ps(5, 6, 7);
  }
  End(sum);
  return rounds * kChains * kSums * 32 * 2;
}

int64_t DotLoopAmxInt8(int64_t rounds, float* sum) noexcept {
  Begin(false);
  for (int64_t i = 0; i < rounds; ++i) {
    _tile_dpbssd(0, 6, 7);
    _tile_dpbssd(1, 6, 7);
    _tile_dpbssd(2, 6, 7);
    _tile_dpbssd(3, 6, 7);
    _tile_dpbssd(4, 6, 7);
    _tile_dpbssd(5, 6, 7);
  }
  End(sum);
  return rounds * kChains * kSums * 64 * 2;
}

}  // namespace plumb::kernels
