#include "kernels/conv/conv_phase.h"

#include <algorithm>
#include <numeric>

namespace plumb::kernels {
namespace {

PhaseAxis PlainAxis(const ConvProblem& p, std::size_t d) {
  return {p.out_size[d], 0, 1, p.kernel[d], 0, 1, -p.pad_begin[d], p.stride[d], p.dilation[d]};
}

PhaseAxis TransposedAxis(const ConvProblem& p, std::size_t d, std::int64_t phase) {
  const std::int64_t stride = p.stride[d];
  const std::int64_t dilation = p.dilation[d];
  const std::int64_t divisor = std::gcd(stride, dilation);
  PhaseAxis axis{};
  axis.out_begin = phase;
  axis.out_step = stride;
  axis.outputs = phase < p.out_size[d] ? (p.out_size[d] - phase + stride - 1) / stride : 0;
  axis.kernel_step = stride / divisor;
  axis.in_step = 1;
  axis.in_tap_step = -dilation / divisor;
  const std::int64_t place = phase + p.pad_begin[d];
  std::int64_t first = 0;
  while (first < axis.kernel_step && (place - first * dilation) % stride != 0) ++first;
  if (first == axis.kernel_step || first >= p.kernel[d]) return axis;
  axis.kernel_begin = first;
  axis.taps = (p.kernel[d] - first + axis.kernel_step - 1) / axis.kernel_step;
  axis.in_begin = (place - first * dilation) / stride;
  return axis;
}

}  // namespace

std::int64_t PhaseCount(const ConvProblem& p) {
  return p.transposed ? p.stride[0] * p.stride[1] * p.stride[2] : 1;
}

ConvPhase PhaseAt(const ConvProblem& p, std::int64_t index) {
  ConvPhase phase;
  for (std::size_t d = 3; d-- > 0;) {
    phase.axis[d] = p.transposed ? TransposedAxis(p, d, index % p.stride[d]) : PlainAxis(p, d);
    index /= p.transposed ? p.stride[d] : 1;
  }
  return phase;
}

ImageStrides ChannelsLastStrides(const std::array<std::int64_t, 3>& size, std::int64_t pixel) {
  ImageStrides strides;
  strides.channel = 1;
  strides.spatial = {size[1] * size[2] * pixel, size[2] * pixel, pixel};
  strides.batch = size[0] * strides.spatial[0];
  return strides;
}

ImageStrides PlanarStrides(const std::array<std::int64_t, 3>& size, std::int64_t channels) {
  ImageStrides strides;
  strides.spatial = {size[1] * size[2], size[2], 1};
  strides.channel = size[0] * strides.spatial[0];
  strides.batch = channels * strides.channel;
  return strides;
}

}  // namespace plumb::kernels
