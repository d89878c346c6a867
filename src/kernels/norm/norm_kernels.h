// Inner loops of the normalisations. Free of the standard library, for sources of one instruction
// set.
#pragma once

#include <stdint.h>

#include "kernels/epilogue.h"

namespace plumb::kernels {

// One row; null pointers stand for what is absent. mean, inv_std: one element each.
struct NormRow {
  const float* src;
  const float* gamma;
  const float* beta;
  const float* residual;
  float* dst;
  float* mean;
  float* inv_std;
  float* sum;
  int64_t n;
  float epsilon;
  bool rms;
};

struct LrnShape {
  int64_t channels, src_pixel, src_channel, dst_pixel, dst_channel;
  int before, after;        // channels of the window on each side
  float alpha, beta, bias;  // alpha is divided by the size
};
inline constexpr int kLrnMaxSize = 64;     // of the window
inline constexpr int64_t kLrnPixels = 64;  // that lie side by side in a call of lrn_planes

struct NormFns {
  void (*norm_row)(const NormRow& row);
  // dst[i] = act(src[i] * scale[i] + shift[i]); with `same`, scale[0] and shift[0] serve every i.
  void (*affine)(const float* src, const float* scale, const float* shift, bool same, float* dst,
                 int64_t n, Activation activation, float alpha, float beta);
  // Mean and sum of squared deviations of n contiguous elements.
  void (*row_moments)(const float* src, int64_t n, float* mean, float* m2);
  // The same for each of `channels` columns of `rows` rows.
  void (*column_moments)(const float* src, int64_t row_stride, int64_t rows, int64_t channels,
                         float* mean, float* m2);
  // `pixels` pixels whose channels are contiguous.
  void (*lrn_pixels)(const LrnShape& shape, const float* src, float* dst, int64_t pixels);
  // At most kLrnPixels neighbouring pixels of planes (pixel strides 1).
  void (*lrn_planes)(const LrnShape& shape, const float* src, float* dst, int64_t pixels);
  // dst = src / norm_p of the row.
  void (*lp_row)(const float* src, float* dst, int64_t n, int p, bool zero_is_zero);
};
NormFns NormScalar();
NormFns NormAvx2();
NormFns NormAvx512();

}  // namespace plumb::kernels
