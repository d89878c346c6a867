#include "kernels/resize/image.h"

#include <algorithm>
#include <cmath>

#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using testing::Guarded;

class ImageTest : public testing::KernelTest {
 protected:
  // Weight of input position i for output position o along one dimension.
  static double Weight(ImageFilter filter, std::int64_t in, std::int64_t out, std::int64_t o,
                       std::int64_t i) {
    const double ratio = double(in) / double(out);
    if (filter == ImageFilter::kArea && in > out) {
      const double begin = double(o) * ratio;
      return std::max(0.0, std::min(begin + ratio, double(i + 1)) - std::max(begin, double(i))) /
             ratio;
    }
    const double x = std::clamp((double(o) + 0.5) * ratio - 0.5, 0.0, double(in - 1));
    return std::max(0.0, 1 - std::fabs(x - double(i)));
  }

  template <typename T>
  void Check(ImageResize r, bool planar) {
    r.in_row_bytes = r.in_width * r.channels + Uniform(0, 5);
    const std::int64_t gap = Flip() ? 1 : 0;
    r.out_pixel_elements = planar ? 1 : r.channels + gap;
    r.out_row_elements = r.out_width * r.out_pixel_elements + gap;
    r.out_channel_elements = planar ? r.out_height * r.out_row_elements : 1;
    Guarded<std::uint8_t> src(r.in_height * r.in_row_bytes);
    for (std::size_t i = 0; i < src.size(); ++i)
      src[i] = static_cast<std::uint8_t>(Uniform(0, 255));
    const std::int64_t span = r.out_height * r.out_row_elements * (planar ? r.channels : 1);
    Guarded<T> dst(span), again(span);
    ResizeImage(r, src.data(), dst.data(), target_, &one_);
    ResizeImage(r, src.data(), again.data(), target_, &two_);
    EXPECT_TRUE(dst.SameBytes(again));
    EXPECT_TRUE(dst.GuardsIntact());
    std::vector<bool> written(dst.size(), false);
    for (std::int64_t y = 0; y < r.out_height; ++y) {
      for (std::int64_t x = 0; x < r.out_width; ++x) {
        for (int c = 0; c < r.channels; ++c) {
          const int from = r.swap_red_blue && r.channels >= 3 && c != 3 ? 2 - c : c;
          double sum = 0;
          for (std::int64_t i = 0; i < r.in_height; ++i) {
            const double wy = Weight(r.filter, r.in_height, r.out_height, y, i);
            if (wy == 0) continue;
            for (std::int64_t k = 0; k < r.in_width; ++k) {
              sum += wy * Weight(r.filter, r.in_width, r.out_width, x, k) *
                     src[std::size_t(i * r.in_row_bytes + k * r.channels + from)];
            }
          }
          double want = (sum - double(r.mean[c])) * double(r.scale[c]);
          const std::size_t o = std::size_t(y * r.out_row_elements + x * r.out_pixel_elements +
                                            c * r.out_channel_elements);
          if (sizeof(T) == 1) want = std::clamp(want, 0.0, 255.0);
          ASSERT_LE(std::fabs(double(dst[o]) - want), sizeof(T) == 1 ? 0.501 : 1e-3)
              << "pixel " << x << "," << y << " channel " << c;
          written[o] = true;
        }
      }
    }
    for (std::size_t i = 0; i < dst.size(); ++i) {
      // A packed row may overwrite the next pixel's lanes, never what is not a pixel.
      ASSERT_TRUE(written[i] || dst.Poisoned(i)) << "element " << i << " is not of the image";
    }
  }
};

TEST_F(ImageTest, RandomSizesFiltersAndLayouts) {
  for (int round = 0; round < 120; ++round) {
    ImageResize r;
    r.filter = Flip() ? ImageFilter::kBilinear : ImageFilter::kArea;
    r.channels = static_cast<int>(Uniform(1, 4));
    r.in_height = Uniform(1, 30);
    r.in_width = Uniform(1, 50);
    r.out_height = round % 3 == 0 ? (r.in_height + 1) / 2 : Uniform(1, 30);
    r.out_width = round % 3 == 0 ? (r.in_width + 1) / 2 : Uniform(1, 40);
    r.swap_red_blue = Flip();
    for (int c = 0; c < 4; ++c) {
      r.mean[c] = static_cast<float>(Uniform(0, 20));
      r.scale[c] = 1 + 0.1f * static_cast<float>(c);
    }
    const bool planar = Uniform(0, 2) == 0;
    if (Flip()) {
      Check<float>(r, planar);
    } else {
      Check<std::uint8_t>(r, planar);
    }
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

}  // namespace
}  // namespace plumb::kernels
