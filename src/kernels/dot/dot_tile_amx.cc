// Tiles of AMX: registers 0 to 3 hold two by two blocks of 16 x 16 sums, 4 and 5 rows of A, 6 and 7
// columns of B, 64 bytes of the sum at a time.
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "kernels/dot/dot_functions.h"

namespace plumb::kernels {
namespace {

// Rows of the upper blocks; the lower ones have the others.
inline int64_t UpperRows(int64_t rows) { return rows <= 16 ? rows : (rows + 1) / 2; }

struct BF16 {
  template <int kSum>
  static inline void Dot() {
    if constexpr (kSum == 0) _tile_dpbf16ps(0, 4, 6);
    if constexpr (kSum == 1) _tile_dpbf16ps(1, 4, 7);
    if constexpr (kSum == 2) _tile_dpbf16ps(2, 5, 6);
    if constexpr (kSum == 3) _tile_dpbf16ps(3, 5, 7);
  }
};
struct I8 {
  template <int kSum>
  static inline void Dot() {
    if constexpr (kSum == 0) _tile_dpbssd(0, 4, 6);
    if constexpr (kSum == 1) _tile_dpbssd(1, 4, 7);
    if constexpr (kSum == 2) _tile_dpbssd(2, 5, 6);
    if constexpr (kSum == 3) _tile_dpbssd(3, 5, 7);
  }
};
struct U8 {
  template <int kSum>
  static inline void Dot() {
    if constexpr (kSum == 0) _tile_dpbusd(0, 4, 6);
    if constexpr (kSum == 1) _tile_dpbusd(1, 4, 7);
    if constexpr (kSum == 2) _tile_dpbusd(2, 5, 6);
    if constexpr (kSum == 3) _tile_dpbusd(3, 5, 7);
  }
};

constexpr int64_t kSumPitch = kDotColumns * 4;

template <typename Ops, bool kLower, bool kRight>
inline void Run(const DotTile& tile) {
  const int64_t upper = UpperRows(tile.rows);
  const char* a = tile.a;
  const char* lower_a = a + upper * tile.a_pitch;
  const char* b = tile.b;
  const int64_t b_pitch = tile.columns * 4;
  char* const sums = static_cast<char*>(tile.sums);
  char* const lower_sums = sums + upper * kSumPitch;
  if (tile.accumulate) {
    _tile_loadd(0, sums, kSumPitch);
    if constexpr (kRight) _tile_loadd(1, sums + 64, kSumPitch);
    if constexpr (kLower) _tile_loadd(2, lower_sums, kSumPitch);
    if constexpr (kLower && kRight) _tile_loadd(3, lower_sums + 64, kSumPitch);
  } else {
    _tile_zero(0);
    if constexpr (kRight) _tile_zero(1);
    if constexpr (kLower) _tile_zero(2);
    if constexpr (kLower && kRight) _tile_zero(3);
  }
  for (int64_t group = 0; group < tile.groups; group += 16) {
    _tile_loadd(6, b, b_pitch);
    _tile_loadd(4, a, tile.a_pitch);
    Ops::template Dot<0>();
    if constexpr (kRight) {
      _tile_loadd(7, b + 64, b_pitch);
      Ops::template Dot<1>();
    }
    if constexpr (kLower) {
      _tile_loadd(5, lower_a, tile.a_pitch);
      Ops::template Dot<2>();
    }
    if constexpr (kLower && kRight) Ops::template Dot<3>();
    a += kDotStep;
    lower_a += kDotStep;
    b += 16 * b_pitch;
  }
  _tile_stored(0, sums, kSumPitch);
  if constexpr (kRight) _tile_stored(1, sums + 64, kSumPitch);
  if constexpr (kLower) _tile_stored(2, lower_sums, kSumPitch);
  if constexpr (kLower && kRight) _tile_stored(3, lower_sums + 64, kSumPitch);
}

template <typename Ops>
inline void RunTile(const DotTile& tile) {
  const bool right = tile.columns > kDotLanes;
  if (tile.rows > 16) return right ? Run<Ops, true, true>(tile) : Run<Ops, true, false>(tile);
  right ? Run<Ops, false, true>(tile) : Run<Ops, false, false>(tile);
}

struct alignas(64) Palette {
  uint8_t palette;
  uint8_t start_row;
  uint8_t reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
};
static_assert(sizeof(Palette) == 64);

}  // namespace

void ConfigureAmx(int64_t rows) noexcept {
  const int64_t upper = UpperRows(rows);
  const int64_t lower = rows > 16 ? rows - upper : upper;  // unused below 17 rows
  const int64_t each[8] = {upper, upper, lower, lower, upper, lower, 16, 16};
  Palette palette;
  memset(&palette, 0, sizeof(palette));
  palette.palette = 1;
  for (int i = 0; i < 8; ++i) {
    palette.row_bytes[i] = 64;
    palette.rows[i] = static_cast<uint8_t>(each[i]);
  }
  // The intrinsic of g++ 12 says that it reads eight bytes: the others must be in memory too.
  asm volatile("" : "+m"(palette));
  _tile_loadconfig(&palette);
}

void ReleaseAmx() noexcept { _tile_release(); }

void DotTileAmxBF16(const DotTile& tile) noexcept { RunTile<BF16>(tile); }
void DotTileAmxI8(const DotTile& tile) noexcept { RunTile<I8>(tile); }
void DotTileAmxU8(const DotTile& tile) noexcept { RunTile<U8>(tile); }

}  // namespace plumb::kernels
