// Transforms of Winograd's convolution, and what each instruction set offers to winograd.cc.
//
// F(m, r) computes m outputs of a kernel of r taps from m + r - 1 inputs; along two axes
//   Y = A^T [ (G g G^T) * (B^T d B) ] A      (Lavin and Gray, arXiv 1509.09308)
// with * element by element and summed over input channels, which makes (m + r - 1)^2 matrix
// products, m + r - 1 along one axis. A and G are Vandermonde matrices of the points of
// interpolation, B depends on these alone: F(6, 3), F(4, 5) and F(2, 7) share it.
#pragma once

#include <cstdint>

namespace plumb::kernels {

struct WinogradForm {
  int inputs;   // m + r - 1: 4, 6 or 8
  int taps;     // r
  bool square;  // along height and width; else along one of them
  constexpr int outputs() const { return inputs - taps + 1; }
  constexpr int planes() const { return square ? inputs * inputs : inputs; }
  constexpr int kernel() const { return square ? taps * taps : taps; }
};

inline constexpr WinogradForm kWinogradForms[] = {
    {4, 3, true},  {6, 3, true},  {8, 3, true},  {6, 5, true},  {8, 5, true}, {4, 3, false},
    {6, 3, false}, {8, 3, false}, {6, 5, false}, {8, 5, false}, {8, 7, false}};
inline constexpr int kWinogradFormCount = 11;
inline constexpr int kMaxWinogradOutputs = 36;
inline constexpr int kMaxWinogradInputs = 64;

// One tile of the image: B^T d B of each channel, one element to each plane.
struct WinogradInput {
  const float* const* pixels;  // [planes], channel 0; zeros where outside the image
  std::int64_t first, end;     // channels to transform
  float* to;                   // of channel `first`, in the first plane
  std::int64_t plane;          // floats between planes
};

// One tile of products: act(A^T x A + bias + residual), bounds being the activation.
struct WinogradOutput {
  const float* from;  // whole vectors of channels may be read
  std::int64_t plane;
  std::int64_t channels;
  const float* bias;             // whole vectors, or null
  float* const* pixels;          // [outputs], first channel; null where outside the image
  const float* const* residual;  // [outputs], or null
  float low;
  float high;
};

// G g G^T of the kernels between some input channels and the output channels of one panel.
struct WinogradWeights {
  const float* from;  // [channels][kernel][vectors * lanes]
  std::int64_t channels;
  int vectors;
  float* to;  // in each plane [channels][vectors * lanes]
  std::int64_t plane;
};

using WinogradInputFn = void (*)(const WinogradInput& tile) noexcept;
using WinogradOutputFn = void (*)(const WinogradOutput& tile) noexcept;
using WinogradWeightsFn = void (*)(const WinogradWeights& weights) noexcept;

struct WinogradTable {
  WinogradInputFn input[kWinogradFormCount];
  WinogradOutputFn output[kWinogradFormCount];
  WinogradWeightsFn weights[kWinogradFormCount];
};

extern const WinogradTable kWinogradScalar;
extern const WinogradTable kWinogradAvx2;
extern const WinogradTable kWinogradAvx512;

}  // namespace plumb::kernels
