// Activations on a tile that was just stored, written once over Vec. Include after one of
// simd/vec_*.h and simd/math-inl.h.
#pragma once

#include "kernels/gemm/tile.h"

namespace plumb::kernels {
namespace {

struct ActSigmoid {
  PLUMB_INLINE Vec operator()(Vec x) const { return Sigmoid(x); }
};
struct ActTanh {
  PLUMB_INLINE Vec operator()(Vec x) const { return Tanh(x); }
};
struct ActSilu {
  PLUMB_INLINE Vec operator()(Vec x) const { return x * Sigmoid(x); }
};
struct ActGelu {
  PLUMB_INLINE Vec operator()(Vec x) const { return Gelu(x); }
};
// max(0, min(1, alpha x + beta))
struct ActHardSigmoid {
  float alpha;
  float beta;
  PLUMB_INLINE Vec operator()(Vec x) const {
    const Vec y = Fma(x, Broadcast(alpha), Broadcast(beta));
    return Max(Broadcast(0.0f), Min(Broadcast(1.0f), y));
  }
};
// x max(0, min(1, x / 6 + 1 / 2))
struct ActHardSwish {
  PLUMB_INLINE Vec operator()(Vec x) const {
    const Vec y = Fma(x, Broadcast(1.0f / 6.0f), Broadcast(0.5f));
    return x * Max(Broadcast(0.0f), Min(Broadcast(1.0f), y));
  }
};
struct ActLeakyRelu {
  float alpha;
  PLUMB_INLINE Vec operator()(Vec x) const {
    return Select(Less(x, Broadcast(0.0f)), x * Broadcast(alpha), x);
  }
};

template <typename Fn>
PLUMB_INLINE void ActivateRows(const Fn& fn, float* const* rows, std::int64_t count,
                               std::int64_t column, std::int64_t columns) {
  for (std::int64_t r = 0; r < count; ++r) {
    float* at = rows[r] + column;
    std::int64_t i = 0;
    for (; i + Vec::kLanes <= columns; i += Vec::kLanes) Store(at + i, fn(Load(at + i)));
    const int rest = static_cast<int>(columns - i);
    if (rest > 0) StorePartial(at + i, fn(LoadPartial(at + i, rest)), rest);
  }
}

void Activate(const Epilogue& epilogue, float* const* rows, std::int64_t count, std::int64_t column,
              std::int64_t columns) noexcept {
  switch (epilogue.activation) {
    case Activation::kNone:
    case Activation::kRelu:
    case Activation::kClip: break;  // the bounds of the tile
    case Activation::kSigmoid: return ActivateRows(ActSigmoid{}, rows, count, column, columns);
    case Activation::kTanh: return ActivateRows(ActTanh{}, rows, count, column, columns);
    case Activation::kSilu: return ActivateRows(ActSilu{}, rows, count, column, columns);
    case Activation::kGelu: return ActivateRows(ActGelu{}, rows, count, column, columns);
    case Activation::kHardSwish: return ActivateRows(ActHardSwish{}, rows, count, column, columns);
    case Activation::kHardSigmoid:
      return ActivateRows(ActHardSigmoid{epilogue.alpha, epilogue.beta}, rows, count, column,
                          columns);
    case Activation::kLeakyRelu:
      return ActivateRows(ActLeakyRelu{epilogue.alpha}, rows, count, column, columns);
  }
}

}  // namespace
}  // namespace plumb::kernels
