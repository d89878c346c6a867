// Folds of rows and columns, written against simd/vec_*.h.
#pragma once

#include "kernels/reduce/reduce_kernels.h"
#include "kernels/simd/math-inl.h"

namespace plumb::kernels {
namespace {

struct SumFold {
  static constexpr float kNeutral = 0;
  static PLUMB_INLINE Vec Term(Vec x, Vec) { return x; }
  static PLUMB_INLINE Vec Join(Vec a, Vec b) { return a + b; }
  static PLUMB_INLINE float JoinLanes(Vec a) { return ReduceSum(a); }
};
struct AbsSumFold : SumFold {
  static PLUMB_INLINE Vec Term(Vec x, Vec) { return Abs(x); }
};
struct SquareSumFold : SumFold {
  static PLUMB_INLINE Vec Term(Vec x, Vec) { return x * x; }
};
struct ExpSumFold : SumFold {
  static PLUMB_INLINE Vec Term(Vec x, Vec shift) { return Exp(x - shift); }
};
template <typename Fold>
PLUMB_INLINE float JoinInOrder(Vec a) {
  float lanes[Vec::kLanes];
  Store(lanes, a);
  Vec result = Broadcast(lanes[0]);
  for (int i = 1; i < Vec::kLanes; ++i) result = Fold::Join(result, Broadcast(lanes[i]));
  Store(lanes, result);
  return lanes[0];
}
struct ProdFold {
  static constexpr float kNeutral = 1;
  static PLUMB_INLINE Vec Term(Vec x, Vec) { return x; }
  static PLUMB_INLINE Vec Join(Vec a, Vec b) { return a * b; }
  static PLUMB_INLINE float JoinLanes(Vec a) { return JoinInOrder<ProdFold>(a); }
};
struct MaxFold {
  static constexpr float kNeutral = -INFINITY;
  static PLUMB_INLINE Vec Term(Vec x, Vec) { return x; }
  static PLUMB_INLINE Vec Join(Vec a, Vec b) { return MaxNan(a, b); }
  static PLUMB_INLINE float JoinLanes(Vec a) { return JoinInOrder<MaxFold>(a); }
};
struct MinFold {
  static constexpr float kNeutral = INFINITY;
  static PLUMB_INLINE Vec Term(Vec x, Vec) { return x; }
  static PLUMB_INLINE Vec Join(Vec a, Vec b) { return MinNan(a, b); }
  static PLUMB_INLINE float JoinLanes(Vec a) { return JoinInOrder<MinFold>(a); }
};

template <typename Fold>
float FoldRow(const float* src, int64_t n, float shift) {
  constexpr int64_t kLanes = Vec::kLanes;
  const Vec s = Broadcast(shift);
  Vec acc[4];
  for (Vec& a : acc) a = Broadcast(Fold::kNeutral);
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    for (int k = 0; k < 4; ++k) {
      acc[k] = Fold::Join(acc[k], Fold::Term(Load(src + i + k * kLanes), s));
    }
  }
  for (int k = 0; i + kLanes <= n; i += kLanes, ++k) {
    acc[k] = Fold::Join(acc[k], Fold::Term(Load(src + i), s));
  }
  Vec all = Fold::Join(Fold::Join(acc[0], acc[1]), Fold::Join(acc[2], acc[3]));
  if (i < n) {
    float tail[Vec::kLanes];
    for (float& t : tail) t = Fold::kNeutral;
    const int rest = static_cast<int>(n - i);
    StorePartial(tail, Fold::Term(LoadPartial(src + i, rest), s), rest);
    all = Fold::Join(all, Load(tail));
  }
  return Fold::JoinLanes(all);
}

template <typename Fold, int kVectors>
PLUMB_INLINE void FoldColumnVectors(const float* src, int64_t row_stride, int64_t rows,
                                    const float* shift, float* acc) {
  Vec sum[kVectors], s[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    sum[v] = Broadcast(Fold::kNeutral);
    s[v] = shift == nullptr ? sum[v] : Load(shift + v * Vec::kLanes);
  }
  for (int64_t r = 0; r < rows; ++r, src += row_stride) {
    for (int v = 0; v < kVectors; ++v) {
      sum[v] = Fold::Join(sum[v], Fold::Term(Load(src + v * Vec::kLanes), s[v]));
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    Store(acc + v * Vec::kLanes, Fold::Join(Load(acc + v * Vec::kLanes), sum[v]));
  }
}

template <typename Fold>
void FoldColumns(const float* src, int64_t row_stride, int64_t rows, int64_t columns,
                 const float* shift, float* acc) {
  constexpr int64_t kLanes = Vec::kLanes;
  int64_t c = 0;
  for (; c + 4 * kLanes <= columns; c += 4 * kLanes) {
    FoldColumnVectors<Fold, 4>(src + c, row_stride, rows, shift == nullptr ? shift : shift + c,
                               acc + c);
  }
  for (; c + kLanes <= columns; c += kLanes) {
    FoldColumnVectors<Fold, 1>(src + c, row_stride, rows, shift == nullptr ? shift : shift + c,
                               acc + c);
  }
  if (c < columns) {
    const int rest = static_cast<int>(columns - c);
    const Vec s = shift == nullptr ? Broadcast(0.0f) : LoadPartial(shift + c, rest);
    Vec sum = Broadcast(Fold::kNeutral);
    for (int64_t r = 0; r < rows; ++r) {
      sum = Fold::Join(sum, Fold::Term(LoadPartial(src + r * row_stride + c, rest), s));
    }
    StorePartial(acc + c, Fold::Join(LoadPartial(acc + c, rest), sum), rest);
  }
}

constexpr FoldFns kAllFolds = {
    {FoldRow<SumFold>, FoldRow<AbsSumFold>, FoldRow<SquareSumFold>, FoldRow<ProdFold>,
     FoldRow<MaxFold>, FoldRow<MinFold>, FoldRow<ExpSumFold>},
    {FoldColumns<SumFold>, FoldColumns<AbsSumFold>, FoldColumns<SquareSumFold>,
     FoldColumns<ProdFold>, FoldColumns<MaxFold>, FoldColumns<MinFold>, FoldColumns<ExpSumFold>}};

}  // namespace
}  // namespace plumb::kernels
