#include "kernels/resize/resize.h"

#include <algorithm>
#include <cmath>

#include "core/dtype.h"
#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using testing::Guarded;
using testing::Near;

class ResizeTest : public testing::KernelTest {
 protected:
  // The specification's coordinate rules, one dimension.
  static double Coordinate(const ResizeProblem& p, int d, std::int64_t o) {
    const double in = double(p.in_sizes[d]), out = double(p.out_sizes[d]), s = p.scale[d];
    const double x = double(o);
    switch (p.coordinates) {
      case ResizeCoordinates::kHalfPixel: return (x + 0.5) / s - 0.5;
      case ResizeCoordinates::kHalfPixelSymmetric:
        return in / 2 * (1 - out / (s * in)) + (x + 0.5) / s - 0.5;
      case ResizeCoordinates::kPytorchHalfPixel: return out > 1 ? (x + 0.5) / s - 0.5 : 0;
      case ResizeCoordinates::kAlignCorners: return out == 1 ? 0 : x * (in - 1) / (out - 1);
      case ResizeCoordinates::kAsymmetric: return x / s;
      case ResizeCoordinates::kTfCropAndResize:
        return out > 1 ? p.roi_begin[d] * (in - 1) +
                             x * (p.roi_end[d] - p.roi_begin[d]) * (in - 1) / (out - 1)
                       : 0.5 * (p.roi_begin[d] + p.roi_end[d]) * (in - 1);
    }
    return 0;
  }

  // Weight of input position i (which may lie outside) for a coordinate.
  static double Weight(const ResizeProblem& p, int d, double x, std::int64_t i) {
    const double shrink = p.antialias ? std::min(1.0, p.scale[d]) : 1;
    const double t = std::fabs((double(i) - x) * shrink), a = double(p.cubic_a);
    if (p.mode == ResizeMode::kLinear) return std::max(0.0, 1 - t);
    if (t <= 1) return (a + 2) * t * t * t - (a + 3) * t * t + 1;
    if (t < 2) return a * t * t * t - 5 * a * t * t + 8 * a * t - 4 * a;
    return 0;
  }

  // Input positions and weights of an output position.
  static std::vector<std::pair<std::int64_t, double>> Taps(const ResizeProblem& p, int d,
                                                           std::int64_t o) {
    const double x = Coordinate(p, d, o);
    const std::int64_t size = p.in_sizes[d];
    auto clamp = [&](double v) { return std::int64_t(std::clamp(v, 0.0, double(size - 1))); };
    const bool crop = p.coordinates == ResizeCoordinates::kTfCropAndResize;
    if (size == p.out_sizes[d] && p.scale[d] == 1 && !crop) return {{o, 1}};
    if (p.mode == ResizeMode::kNearest) {
      switch (p.nearest) {
        case ResizeNearest::kRoundPreferFloor: return {{clamp(std::ceil(x - 0.5)), 1}};
        case ResizeNearest::kRoundPreferCeil: return {{clamp(std::floor(x + 0.5)), 1}};
        case ResizeNearest::kFloor: return {{clamp(std::floor(x)), 1}};
        case ResizeNearest::kCeil: return {{clamp(std::ceil(x)), 1}};
      }
    }
    std::vector<std::pair<std::int64_t, double>> taps;
    double sum = 0;
    for (std::int64_t i = -60; i < size + 60; ++i) {
      const bool outside = i < 0 || i >= size;
      const double w = p.exclude_outside && outside ? 0 : Weight(p, d, x, i);
      if (w == 0) continue;
      taps.push_back({clamp(double(i)), w});
      sum += w;
    }
    if (p.exclude_outside || p.antialias) {
      for (auto& tap : taps) tap.second /= sum;
    }
    return taps;
  }

  // Strides of one side, with a gap behind pixels or planes; returns the elements they span.
  static std::int64_t LayOut(const ResizeProblem& p, bool last, std::int64_t gap,
                             const std::int64_t* sizes, std::int64_t* batch, std::int64_t* channel,
                             std::int64_t* spatial) {
    *channel = last ? 1 : sizes[0] * sizes[1] * sizes[2] + gap;
    spatial[2] = last ? p.channels + gap : 1;
    spatial[1] = spatial[2] * sizes[2];
    spatial[0] = spatial[1] * sizes[1];
    *batch = last ? spatial[0] * sizes[0] : *channel * p.channels;
    return *batch * p.batch;
  }

  // Taps of every output position of a dimension, and whether it is outside of a crop.
  struct AxisTaps {
    std::vector<std::vector<std::pair<std::int64_t, double>>> taps;
    std::vector<bool> outside;
    AxisTaps(const ResizeProblem& p, int d) {
      for (std::int64_t o = 0; o < p.out_sizes[d]; ++o) {
        taps.push_back(Taps(p, d, o));
        const double x = Coordinate(p, d, o);
        outside.push_back(p.coordinates == ResizeCoordinates::kTfCropAndResize &&
                          (x < 0 || x > double(p.in_sizes[d] - 1)));
      }
    }
  };

  template <typename T>
  static double Expected(const ResizeProblem& p, const AxisTaps* axes, const Guarded<T>& src,
                         const Dims& at) {
    double sum = 0;
    for (int d = 0; d < 3; ++d) {
      if (axes[d].outside[std::size_t(at[2 + d])]) return double(p.extrapolation);
    }
    for (auto [i, wi] : axes[0].taps[std::size_t(at[2])]) {
      for (auto [j, wj] : axes[1].taps[std::size_t(at[3])]) {
        for (auto [k, wk] : axes[2].taps[std::size_t(at[4])]) {
          sum +=
              wi * wj * wk *
              double(
                  src[std::size_t(at[0] * p.in_batch + at[1] * p.in_channel + i * p.in_spatial[0] +
                                  j * p.in_spatial[1] + k * p.in_spatial[2])]);
        }
      }
    }
    return sum;
  }

  template <typename T>
  void Check(ResizeProblem p, bool last) {
    p.dtype = DTypeOf<T>::value;
    const std::int64_t gap = Flip() ? 2 : 0;
    Guarded<T> src(LayOut(p, last, gap, p.in_sizes, &p.in_batch, &p.in_channel, p.in_spatial));
    Guarded<T> dst(LayOut(p, last, gap, p.out_sizes, &p.out_batch, &p.out_channel, p.out_spatial));
    for (std::size_t i = 0; i < src.size(); ++i) src[i] = static_cast<T>(Uniform(0, 255));
    ResizePlan plan;
    PlanResize(p, &plan);
    RunTwice(BindResize(&plan, target_), {src.data(), nullptr}, 1, &dst);
    const AxisTaps axes[3] = {{p, 0}, {p, 1}, {p, 2}};
    std::vector<bool> written(dst.size(), false);
    const Shape sizes{p.batch, p.channels, p.out_sizes[0], p.out_sizes[1], p.out_sizes[2]};
    const Strides strides{p.out_batch, p.out_channel, p.out_spatial[0], p.out_spatial[1],
                          p.out_spatial[2]};
    testing::ForEachIndex(sizes, [&](const Dims& at) {
      double want = Expected(p, axes, src, at);
      const std::size_t o = std::size_t(testing::OffsetOf(at, strides));
      if (sizeof(T) == 1) {
        want = std::clamp(want, 0.0, 255.0);
        ASSERT_LE(std::fabs(double(dst[o]) - want), 0.5 + 1e-3) << at.ToString();
      } else {
        ASSERT_TRUE(Near(double(dst[o]), want, 2e-6, 1e-3))
            << double(dst[o]) << ", expected " << want << " at " << at.ToString();
      }
      written[o] = true;
    });
    for (std::size_t i = 0; i < dst.size(); ++i) {
      ASSERT_TRUE(written[i] || dst.Poisoned(i)) << "element " << i << " is not of the output";
    }
  }

  ResizeProblem RandomProblem(int round) {
    ResizeProblem p;
    p.mode = static_cast<ResizeMode>(round % 3);
    p.coordinates = static_cast<ResizeCoordinates>(Uniform(0, 5));
    p.nearest = static_cast<ResizeNearest>(Uniform(0, 3));
    p.exclude_outside = p.mode == ResizeMode::kCubic && Flip();
    p.antialias = p.mode != ResizeMode::kNearest && Uniform(0, 2) == 0;
    p.extrapolation = 7;
    p.batch = Uniform(1, 2);
    const std::int64_t channels[] = {1, 3, 16, 33, 300};
    p.channels = channels[Uniform(0, 4)];
    for (int d = static_cast<int>(Uniform(0, 2)); d < 3; ++d) {
      p.in_sizes[d] = Uniform(1, 12);
      p.out_sizes[d] = Uniform(1, p.channels > 100 ? 6 : 20);
      p.scale[d] = double(p.out_sizes[d]) / double(p.in_sizes[d]);
      if (p.coordinates == ResizeCoordinates::kTfCropAndResize) {
        p.roi_begin[d] = Flip() ? -0.2 : 0.1;
        p.roi_end[d] = 0.9;
      }
    }
    return p;
  }
};

TEST_F(ResizeTest, EveryModeAndCoordinateRule) {
  for (int round = 0; round < 240; ++round) {
    const ResizeProblem p = RandomProblem(round);
    Check<float>(p, Uniform(0, 2) != 0);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_F(ResizeTest, Bytes) {
  for (int round = 0; round < 60; ++round) {
    const ResizeProblem p = RandomProblem(round);
    Check<std::uint8_t>(p, Flip());
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_F(ResizeTest, ShrinksBeyondTheBuffers) {
  // 1,000 input columns and 90 rows behind each output pixel.
  ResizeProblem p;
  p.mode = ResizeMode::kLinear;
  p.antialias = true;
  p.channels = 20;
  p.in_sizes[1] = 90;
  p.in_sizes[2] = 1000;
  p.out_sizes[1] = 1;
  p.out_sizes[2] = 2;
  p.scale[1] = 1.0 / 90;
  p.scale[2] = 2.0 / 1000;
  // The reference looks 60 positions beyond the image; borders are excluded, so that is enough.
  p.exclude_outside = true;
  Check<float>(p, true);
}

}  // namespace
}  // namespace plumb::kernels
