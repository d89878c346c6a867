// Coordinates and weights of ONNX Resize (operator specification, Resize-19), in fp64.
#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "kernels/resize/resize.h"

namespace plumb::kernels {
namespace {

// Position in the input of output position `out` along dimension d.
double Coordinate(const ResizeProblem& p, int d, std::int64_t out) {
  const double x = static_cast<double>(out), scale = p.scale[d];
  const double in_size = static_cast<double>(p.in_sizes[d]);
  const double out_size = static_cast<double>(p.out_sizes[d]);
  switch (p.coordinates) {
    case ResizeCoordinates::kHalfPixel: return (x + 0.5) / scale - 0.5;
    case ResizeCoordinates::kHalfPixelSymmetric: {
      const double adjustment = out_size / (scale * in_size);
      return in_size / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5;
    }
    case ResizeCoordinates::kPytorchHalfPixel:
      return p.out_sizes[d] > 1 ? (x + 0.5) / scale - 0.5 : 0;
    case ResizeCoordinates::kAlignCorners:
      return p.out_sizes[d] == 1 ? 0 : x * (in_size - 1) / (out_size - 1);
    case ResizeCoordinates::kAsymmetric: return x / scale;
    case ResizeCoordinates::kTfCropAndResize:
      if (p.out_sizes[d] == 1) return 0.5 * (p.roi_begin[d] + p.roi_end[d]) * (in_size - 1);
      return p.roi_begin[d] * (in_size - 1) +
             x * (p.roi_end[d] - p.roi_begin[d]) * (in_size - 1) / (out_size - 1);
  }
  return x;
}

double NearestPosition(ResizeNearest nearest, double x) {
  switch (nearest) {
    case ResizeNearest::kRoundPreferFloor: return std::ceil(x - 0.5);
    case ResizeNearest::kRoundPreferCeil: return std::floor(x + 0.5);
    case ResizeNearest::kFloor: return std::floor(x);
    case ResizeNearest::kCeil: return std::ceil(x);
  }
  return x;
}

// Weight of a position at distance x, in units of the widened support. Cubic: Keys, "Cubic
// convolution interpolation for digital image processing", 1981.
double Kernel(ResizeMode mode, double x, double a) {
  x = std::fabs(x);
  if (mode == ResizeMode::kLinear) return std::max(0.0, 1 - x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0.0;
}

std::int32_t Clamped(double x, std::int64_t size) {
  return static_cast<std::int32_t>(std::clamp(x, 0.0, static_cast<double>(size - 1)));
}

void PlanAxis(const ResizeProblem& p, int d, ResizeAxis* axis) {
  const std::int64_t in = p.in_sizes[d], out = p.out_sizes[d];
  const bool crop = p.coordinates == ResizeCoordinates::kTfCropAndResize;
  const double shrink = p.antialias ? std::min(1.0, p.scale[d]) : 1.0;
  const double reach = p.mode == ResizeMode::kCubic ? 2 : 1;
  const int before = static_cast<int>(std::ceil(reach / shrink)) - 1;
  // A dimension that keeps its size under a rule that maps it onto itself needs no sum.
  const bool identity = in == out && p.scale[d] == 1 && !crop;
  const bool single = p.mode == ResizeMode::kNearest || identity;
  axis->taps = single ? 1 : 2 * before + 2;
  axis->index.clear();
  axis->weight.clear();
  axis->outside.clear();
  for (std::int64_t o = 0; o < out; ++o) {
    const double x = Coordinate(p, d, o);
    if (crop) axis->outside.push_back(x < 0 || x > static_cast<double>(in - 1));
    if (single) {
      axis->index.push_back(
          Clamped(identity ? static_cast<double>(o) : NearestPosition(p.nearest, x), in));
      axis->weight.push_back(1);
      continue;
    }
    const double first = std::floor(x) - before;
    double sum = 0;
    const std::size_t begin = axis->weight.size();
    std::vector<double> weights;
    for (int t = 0; t < axis->taps; ++t) {
      const double at = first + t;
      const bool outside = at < 0 || at > static_cast<double>(in - 1);
      weights.push_back(p.exclude_outside && outside
                            ? 0.0
                            : Kernel(p.mode, (at - x) * shrink, static_cast<double>(p.cubic_a)));
      sum += weights.back();
      axis->index.push_back(Clamped(at, in));
      axis->weight.push_back(0);
    }
    const bool normalise = p.exclude_outside || p.antialias;
    for (std::size_t t = 0; t < weights.size(); ++t) {
      axis->weight[begin + t] =
          static_cast<float>(normalise && sum != 0 ? weights[t] / sum : weights[t]);
    }
  }
}

}  // namespace

void PlanResize(const ResizeProblem& problem, ResizePlan* plan) {
  PLUMB_CHECK(problem.dtype == DType::kFloat32 || problem.dtype == DType::kUInt8, "resize of ",
              Str(DTypeName(problem.dtype)));
  plan->problem = problem;
  for (int d = 0; d < 3; ++d) {
    PLUMB_CHECK(problem.in_sizes[d] >= 1 || problem.out_sizes[d] == 0, "resize of size ",
                problem.in_sizes[d]);
    PlanAxis(problem, d, &plan->axes[d]);
  }
}

}  // namespace plumb::kernels
