// The two kinds of convolution as one: sums over taps at evenly spaced places.
//
// A plain convolution is one phase. A transposed one of stride s is s phases along each dimension:
// the outputs q = phase + s j see only the taps t with (q + pad - t dilation) divisible by s, and
// for those it is a plain convolution of stride 1. No zeros are inserted anywhere.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/conv/conv.h"

namespace plumb::kernels {

// One dimension of a phase. Output j of [0, outputs) is at out_begin + j * out_step; its tap i of
// [0, taps) is kernel element kernel_begin + i * kernel_step and reads the input at
// in_begin + j * in_step + i * in_tap_step, which may lie outside.
struct PhaseAxis {
  std::int64_t outputs;
  std::int64_t out_begin;
  std::int64_t out_step;
  std::int64_t taps;
  std::int64_t kernel_begin;
  std::int64_t kernel_step;
  std::int64_t in_begin;
  std::int64_t in_step;
  std::int64_t in_tap_step;
};

struct ConvPhase {
  std::array<PhaseAxis, 3> axis;
  std::int64_t taps() const { return axis[0].taps * axis[1].taps * axis[2].taps; }
  std::int64_t outputs() const { return axis[0].outputs * axis[1].outputs * axis[2].outputs; }
};

std::int64_t PhaseCount(const ConvProblem& problem);
ConvPhase PhaseAt(const ConvProblem& problem, std::int64_t index);

}  // namespace plumb::kernels
