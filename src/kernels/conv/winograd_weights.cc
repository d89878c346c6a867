#include <array>

#include "core/check.h"
#include "kernels/conv/winograd.h"

namespace plumb::kernels {
namespace {

// G of F(2, 3), F(4, 3) and F(6, 3), row by row.
constexpr double kG2[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
constexpr double kG4[6][3] = {{1.0 / 4, 0, 0},
                              {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                              {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                              {1.0 / 24, 1.0 / 12, 1.0 / 6},
                              {1.0 / 24, -1.0 / 12, 1.0 / 6},
                              {0, 0, 1}};
constexpr double kG6[8][3] = {{1, 0, 0},
                              {-2.0 / 9, -2.0 / 9, -2.0 / 9},
                              {-2.0 / 9, 2.0 / 9, -2.0 / 9},
                              {1.0 / 90, 1.0 / 45, 2.0 / 45},
                              {1.0 / 90, -1.0 / 45, 2.0 / 45},
                              {32.0 / 45, 16.0 / 45, 8.0 / 45},
                              {32.0 / 45, -16.0 / 45, 8.0 / 45},
                              {0, 0, 1}};

template <int kInputs>
void Transform(const double (&g)[kInputs][3], const float* weights, std::int64_t stride, int count,
               float* to) {
  // Kernels lie side by side, so that the loops over them are vectors.
  double kernel[9][kWinogradKernels];
  double half[kInputs][3][kWinogradKernels];
  for (int k = 0; k < count; ++k) {
    for (int t = 0; t < 9; ++t) kernel[t][k] = weights[k * stride + t];
  }
  for (int i = 0; i < kInputs; ++i) {
    for (int t = 0; t < 3; ++t) {
      for (int k = 0; k < count; ++k) {
        half[i][t][k] =
            g[i][0] * kernel[t][k] + g[i][1] * kernel[3 + t][k] + g[i][2] * kernel[6 + t][k];
      }
    }
  }
  for (int i = 0; i < kInputs; ++i) {
    for (int j = 0; j < kInputs; ++j, to += count) {
      for (int k = 0; k < count; ++k) {
        to[k] = static_cast<float>(g[j][0] * half[i][0][k] + g[j][1] * half[i][1][k] +
                                   g[j][2] * half[i][2][k]);
      }
    }
  }
}

}  // namespace

void TransformWinogradWeights(int size, const float* weights, std::int64_t stride, int count,
                              float* to) {
  PLUMB_CHECK(count >= 0 && count <= kWinogradKernels, count);
  switch (size) {
    case 0: return Transform(kG2, weights, stride, count, to);
    case 1: return Transform(kG4, weights, stride, count, to);
    case 2: return Transform(kG6, weights, stride, count, to);
    default: PLUMB_CHECK(false, "no size ", size);
  }
}

}  // namespace plumb::kernels
