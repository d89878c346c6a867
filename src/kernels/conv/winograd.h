// Transforms of Winograd's convolution, and what each instruction set offers to winograd.cc.
//
// F(m x m, 3 x 3) computes m x m outputs of a 3x3 kernel from (m + 2) x (m + 2) inputs:
//   Y = A^T [ (G g G^T) * (B^T d B) ] A      (Lavin and Gray, arXiv 1509.09308)
// with * element by element and summed over input channels, which makes (m + 2)^2 matrix products.
#pragma once

#include <cstdint>

namespace plumb::kernels {

inline constexpr int kWinogradSizes = 3;                                 // m = 2, 4, 6
inline constexpr int WinogradOutputs(int size) { return 2 * size + 2; }  // m
inline constexpr int WinogradInputs(int size) { return 2 * size + 4; }   // m + 2
inline constexpr int kMaxWinogradOutputs = 36;
inline constexpr int kMaxWinogradInputs = 64;

// One tile of the image: B^T d B of each channel, one element to each plane.
struct WinogradInput {
  const float* const* pixels;  // [m + 2][m + 2], channel 0; zeros where outside the image
  std::int64_t first, end;     // channels to transform
  float* to;                   // of channel `first`, in the first of the (m + 2)^2 planes
  std::int64_t plane;          // floats between planes
};

// One tile of products: act(A^T x A + bias + residual), bounds being the activation.
struct WinogradOutput {
  const float* from;  // whole vectors of channels may be read
  std::int64_t plane;
  std::int64_t channels;
  const float* bias;             // whole vectors, or null
  float* const* pixels;          // [m][m], first channel; null where outside the image
  const float* const* residual;  // [m][m], or null
  float low;
  float high;
};

// G g G^T of the kernels between some input channels and the output channels of one panel.
struct WinogradWeights {
  const float* from;  // [channels][9][vectors * lanes]
  std::int64_t channels;
  int vectors;
  float* to;  // in each plane [channels][vectors * lanes]
  std::int64_t plane;
};

using WinogradInputFn = void (*)(const WinogradInput& tile) noexcept;
using WinogradOutputFn = void (*)(const WinogradOutput& tile) noexcept;
using WinogradWeightsFn = void (*)(const WinogradWeights& weights) noexcept;

struct WinogradTable {
  WinogradInputFn input[kWinogradSizes];
  WinogradOutputFn output[kWinogradSizes];
  WinogradWeightsFn weights[kWinogradSizes];
};

extern const WinogradTable kWinogradScalar;
extern const WinogradTable kWinogradAvx2;
extern const WinogradTable kWinogradAvx512;

}  // namespace plumb::kernels
