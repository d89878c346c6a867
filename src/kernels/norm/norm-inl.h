// Row and channel normalisations, written against simd/vec_*.h.
#pragma once

#include "kernels/norm/norm_kernels.h"
#include "kernels/simd/activation-inl.h"

namespace plumb::kernels {
namespace {

// Sum of term(x) over a row: four vectors in flight, joined in an order that n alone fixes.
template <typename Term>
PLUMB_INLINE float RowSum(const float* src, int64_t n, Term term) {
  constexpr int64_t kLanes = Vec::kLanes;
  Vec sum[4];
  for (Vec& s : sum) s = Broadcast(0.0f);
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    for (int k = 0; k < 4; ++k) sum[k] = sum[k] + term(Load(src + i + k * kLanes));
  }
  for (int k = 0; i + kLanes <= n; i += kLanes, ++k) sum[k] = sum[k] + term(Load(src + i));
  float total = 0;
  if (i < n) {
    float tail[Vec::kLanes];
    Store(tail, term(LoadPartial(src + i, static_cast<int>(n - i))));
    for (int64_t k = 0; k < n - i; ++k) total += tail[k];
  }
  return total + ReduceSum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

void RowMoments(const float* src, int64_t n, float* mean, float* m2) {
  const float average = RowSum(src, n, [](Vec x) { return x; }) / static_cast<float>(n);
  const Vec shift = Broadcast(average);
  *mean = average;
  *m2 = RowSum(src, n, [=](Vec x) {
    Vec d = x - shift;
    return d * d;
  });
}

PLUMB_INLINE Vec LoadUpTo(const float* p, int64_t n) {
  return n >= Vec::kLanes ? Load(p) : LoadPartial(p, static_cast<int>(n));
}
PLUMB_INLINE void StoreUpTo(float* p, Vec x, int64_t n) {
  if (n >= Vec::kLanes) {
    Store(p, x);
  } else {
    StorePartial(p, x, static_cast<int>(n));
  }
}

void AddRows(const float* a, const float* b, float* dst, int64_t n) {
  for (int64_t i = 0; i < n; i += Vec::kLanes) {
    StoreUpTo(dst + i, LoadUpTo(a + i, n - i) + LoadUpTo(b + i, n - i), n - i);
  }
}

// dst = (src - mean) * inv * gamma + beta.
void ScaleRow(const float* src, const NormRow& row, float mean, float inv) {
  const Vec shift = Broadcast(mean), factor = Broadcast(inv);
  for (int64_t i = 0; i < row.n; i += Vec::kLanes) {
    const int64_t rest = row.n - i;
    Vec y = (LoadUpTo(src + i, rest) - shift) * factor;
    if (row.gamma != nullptr) y = y * LoadUpTo(row.gamma + i, rest);
    if (row.beta != nullptr) y = y + LoadUpTo(row.beta + i, rest);
    StoreUpTo(row.dst + i, y, rest);
  }
}

void NormOneRow(const NormRow& row) {
  const float* src = row.src;
  if (row.residual != nullptr) {
    // The sum is needed twice; dst holds it where nobody asked for it.
    float* sum = row.sum != nullptr ? row.sum : row.dst;
    AddRows(src, row.residual, sum, row.n);
    src = sum;
  }
  float mean = 0, m2 = 0;
  if (row.rms) {
    m2 = RowSum(src, row.n, [](Vec x) { return x * x; });
  } else {
    RowMoments(src, row.n, &mean, &m2);
  }
  const float inv = 1.0f / sqrtf(m2 / static_cast<float>(row.n) + row.epsilon);
  if (row.mean != nullptr) *row.mean = mean;
  if (row.inv_std != nullptr) *row.inv_std = inv;
  ScaleRow(src, row, mean, inv);
}

void Affine(const float* src, const float* scale, const float* shift, bool same, float* dst,
            int64_t n, Activation activation, float alpha, float beta) {
  constexpr int64_t kBlock = 1024;  // elements that stay in the first-level cache
  for (int64_t first = 0; first < n; first += kBlock) {
    const int64_t count = n - first < kBlock ? n - first : kBlock;
    const Vec one_scale = Broadcast(scale[0]), one_shift = Broadcast(shift[0]);
    for (int64_t i = first; i < first + count; i += Vec::kLanes) {
      const int64_t rest = first + count - i;
      const Vec a = same ? one_scale : LoadUpTo(scale + i, rest);
      const Vec b = same ? one_shift : LoadUpTo(shift + i, rest);
      StoreUpTo(dst + i, Fma(LoadUpTo(src + i, rest), a, b), rest);
    }
    ActivateInPlace(dst + first, count, activation, alpha, beta);
  }
}

void ColumnMoments(const float* src, int64_t row_stride, int64_t rows, int64_t channels,
                   float* mean, float* m2) {
  const Vec count = Broadcast(static_cast<float>(rows));
  for (int64_t c = 0; c < channels; c += Vec::kLanes) {
    const int64_t rest = channels - c;
    Vec sum = Broadcast(0.0f), square = Broadcast(0.0f);
    for (int64_t r = 0; r < rows; ++r) sum = sum + LoadUpTo(src + r * row_stride + c, rest);
    const Vec average = sum / count;
    for (int64_t r = 0; r < rows; ++r) {
      const Vec d = LoadUpTo(src + r * row_stride + c, rest) - average;
      square = Fma(d, d, square);
    }
    StoreUpTo(mean + c, average, rest);
    StoreUpTo(m2 + c, square, rest);
  }
}

void LpRow(const float* src, float* dst, int64_t n, int p, bool zero_is_zero) {
  const float norm = p == 1 ? RowSum(src, n, [](Vec x) { return Abs(x); })
                            : sqrtf(RowSum(src, n, [](Vec x) { return x * x; }));
  const Vec divisor = Broadcast(norm == 0 && zero_is_zero ? 1.0f : norm);
  for (int64_t i = 0; i < n; i += Vec::kLanes) {
    StoreUpTo(dst + i, LoadUpTo(src + i, n - i) / divisor, n - i);
  }
}

}  // namespace
}  // namespace plumb::kernels
