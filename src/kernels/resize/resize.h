// Resizing of one to three spatial dimensions (nearest, linear, cubic) with every coordinate rule
// of ONNX Resize, fp32 and uint8, channels-last or any strides.
//
// The weights are computed when the kernel is planned; interpolation is separable and runs in fp32;
// uint8 results are rounded half to even and clamped.
// Operands: src, dst.
#pragma once

#include <cstdint>
#include <vector>

#include "core/dtype.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

enum class ResizeMode : std::uint8_t { kNearest, kLinear, kCubic };
enum class ResizeCoordinates : std::uint8_t {
  kHalfPixel,
  kHalfPixelSymmetric,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kTfCropAndResize
};
enum class ResizeNearest : std::uint8_t { kRoundPreferFloor, kRoundPreferCeil, kFloor, kCeil };

struct ResizeProblem {
  ResizeMode mode = ResizeMode::kNearest;
  ResizeCoordinates coordinates = ResizeCoordinates::kHalfPixel;
  ResizeNearest nearest = ResizeNearest::kRoundPreferFloor;
  DType dtype = DType::kFloat32;  // float32 or uint8
  float cubic_a = -0.75f;
  bool exclude_outside = false;  // weights of positions outside the image are dropped
  bool antialias = false;        // linear and cubic widen their support when shrinking
  float extrapolation = 0;       // outside of the box of kTfCropAndResize
  std::int64_t batch = 1, channels = 1;
  // Depth, height, width; unused leading ones are 1.
  std::int64_t in_sizes[3] = {1, 1, 1}, out_sizes[3] = {1, 1, 1};
  double scale[3] = {1, 1, 1};  // out / in as the model states it, used by the coordinate rule
  double roi_begin[3] = {0, 0, 0}, roi_end[3] = {1, 1, 1};  // of kTfCropAndResize, normalised
  std::int64_t in_batch = 0, in_channel = 1, in_spatial[3] = {0, 0, 0};
  std::int64_t out_batch = 0, out_channel = 1, out_spatial[3] = {0, 0, 0};
};

// Taps of one dimension: out position i reads `taps` positions starting in index[i * taps].
struct ResizeAxis {
  int taps = 1;
  std::vector<std::int32_t> index;    // clamped into the image
  std::vector<float> weight;          // index.size(); all zero and `outside` set where extrapolated
  std::vector<std::uint8_t> outside;  // empty, or one per out position
};

// Owned by whoever binds; outlives the BoundKernel and keeps its address.
struct ResizePlan {
  ResizeProblem problem;
  ResizeAxis axes[3];
};

void PlanResize(const ResizeProblem& problem, ResizePlan* plan);

// No workspace: sums of rows go through blocks on the stack.
BoundKernel BindResize(const ResizePlan* plan, const Target& target);

}  // namespace plumb::kernels
