#include "kernels/dot/dot_tile-inl.h"

namespace plumb::kernels {
namespace {

template <typename T>
T Read(const char* from) {
  T x;
  memcpy(&x, from, sizeof(x));
  return x;
}

struct F32 {
  using Acc = float;
  using Group = float;
  static constexpr int kLanes = 1;
  static PLUMB_DOT_INLINE Acc Zero() { return 0; }
  static PLUMB_DOT_INLINE Acc Load(const void* from) {
    return Read<Acc>(static_cast<const char*>(from));
  }
  static PLUMB_DOT_INLINE Group Row(const char* a) { return Read<float>(a); }
  static PLUMB_DOT_INLINE Group Panel(const char* b) { return Read<float>(b); }
  static PLUMB_DOT_INLINE Acc Dot(Acc sum, Group a, Group b) { return sum + a * b; }
  static PLUMB_DOT_INLINE void Store(void* to, Acc sum) { memcpy(to, &sum, sizeof(sum)); }
};

// Sums wrap as those of the vector instructions do.
struct I16 {
  struct Pair {
    int16_t first, second;
  };
  using Acc = uint32_t;
  using Group = Pair;
  static constexpr int kLanes = 1;
  static PLUMB_DOT_INLINE Acc Zero() { return 0; }
  static PLUMB_DOT_INLINE Acc Load(const void* from) {
    return Read<Acc>(static_cast<const char*>(from));
  }
  static PLUMB_DOT_INLINE Group Row(const char* a) { return Read<Pair>(a); }
  static PLUMB_DOT_INLINE Group Panel(const char* b) { return Read<Pair>(b); }
  static PLUMB_DOT_INLINE Acc Dot(Acc sum, Group a, Group b) {
    return sum + static_cast<uint32_t>(a.first * b.first) +
           static_cast<uint32_t>(a.second * b.second);
  }
  static PLUMB_DOT_INLINE void Store(void* to, Acc sum) { memcpy(to, &sum, sizeof(sum)); }
};

}  // namespace

void DotTileScalarF32(const DotTile& tile) noexcept { RunDot<F32, 4, 4>(tile); }
void DotTileScalarI16(const DotTile& tile) noexcept { RunDot<I16, 4, 4>(tile); }

}  // namespace plumb::kernels
