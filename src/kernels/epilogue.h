// What convolution and matrix kernels apply while the result is in registers:
//   y = act(x + bias + residual)
// Plain types only, so that instruction-set files can include it.
#pragma once

#include <cstdint>

namespace plumb::kernels {

enum class Activation : std::uint8_t {
  kNone,
  kRelu,
  kClip,
  kSigmoid,
  kTanh,
  kSilu,
  kHardSigmoid,
  kHardSwish,
  kLeakyRelu,
  kGelu
};
struct Epilogue {
  Activation activation = Activation::kNone;
  float alpha = 0;            // lower bound of clip, slope of leaky relu, alpha of hard sigmoid
  float beta = 0;             // upper bound of clip, beta of hard sigmoid
  bool has_bias = false;      // fp32, one per output channel
  bool has_residual = false;  // same shape as the output, strides of its own
};

}  // namespace plumb::kernels
