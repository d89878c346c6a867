#include "kernels/pool/integer_average.h"

#include <algorithm>
#include <cmath>

#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using testing::Guarded;

class IntegerAverageTest : public testing::KernelTest {
 protected:
  template <typename From, typename To>
  void Check(IntegerAverageProblem p, bool last, DType from, DType to) {
    p.src = from;
    p.dst = to;
    const std::int64_t pixels = p.sizes[0] * p.sizes[1] * p.sizes[2];
    const std::int64_t pixel = last ? p.channels : 1;
    p.in_channel = last ? 1 : pixels;
    p.in_spatial[2] = pixel;
    p.in_spatial[1] = pixel * p.sizes[2];
    p.in_spatial[0] = p.in_spatial[1] * p.sizes[1];
    p.in_batch = p.channels * pixels;
    p.out_batch = p.channels;
    Guarded<From> src(p.batch * p.in_batch);
    Guarded<To> dst(p.batch * p.out_batch);
    for (std::size_t i = 0; i < src.size(); ++i) {
      src[i] = static_cast<From>(from == DType::kInt8 ? Uniform(-128, 127) : Uniform(0, 255));
    }
    RunTwice(BindIntegerAverage(p), {src.data(), nullptr}, 1, &dst);
    const int low = to == DType::kInt8 ? -128 : 0;
    for (std::int64_t n = 0; n < p.batch; ++n) {
      for (std::int64_t c = 0; c < p.channels; ++c) {
        std::int64_t sum = 0;
        for (std::int64_t at = 0; at < pixels; ++at) {
          const std::int64_t offset = n * p.in_batch + c * p.in_channel + at * pixel;
          sum += src[static_cast<std::size_t>(offset)] - p.x_zero;
        }
        const double real = std::nearbyint(static_cast<float>(sum) * p.scale) + p.y_zero;
        const double want = std::clamp<double>(real, low, low + 255);
        ASSERT_EQ(static_cast<double>(dst[static_cast<std::size_t>(n * p.channels + c)]), want);
      }
    }
  }
};

TEST_F(IntegerAverageTest, RandomShapesMatchTheDefinition) {
  for (int round = 0; round < 120; ++round) {
    IntegerAverageProblem p;
    p.batch = Uniform(0, 3);
    const std::int64_t channels[] = {1, 3, 17, 63, 64, 65, 200};
    p.channels = channels[Uniform(0, 6)];
    for (int d = static_cast<int>(Uniform(0, 2)); d < 3; ++d) p.sizes[d] = Uniform(1, 9);
    p.scale = static_cast<float>(std::exp(static_cast<double>(Uniform(-8, 2))));
    const bool last = Flip();
    p.x_zero = static_cast<int>(Uniform(-128, 127));
    p.y_zero = static_cast<int>(Uniform(-128, 127));
    Check<std::int8_t, std::int8_t>(p, last, DType::kInt8, DType::kInt8);
    p.x_zero += 128;
    Check<std::uint8_t, std::int8_t>(p, last, DType::kUInt8, DType::kInt8);
    p.y_zero += 128;
    Check<std::uint8_t, std::uint8_t>(p, last, DType::kUInt8, DType::kUInt8);
    p.x_zero -= 128;
    Check<std::int8_t, std::uint8_t>(p, last, DType::kInt8, DType::kUInt8);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_F(IntegerAverageTest, HalvesGoToTheEvenNeighbour) {
  EXPECT_EQ(AverageOfSum(1, 0.5f, 0, DType::kUInt8), 0);
  EXPECT_EQ(AverageOfSum(3, 0.5f, 0, DType::kUInt8), 2);
  EXPECT_EQ(AverageOfSum(-3, 0.5f, 10, DType::kUInt8), 8);
  EXPECT_EQ(AverageOfSum(0, INFINITY, 7, DType::kUInt8), 7);  // no number
  EXPECT_EQ(AverageOfSum(1 << 20, 1.0f, 5, DType::kInt8), 127);
  EXPECT_EQ(AverageOfSum(-(1 << 20), 1.0f, 5, DType::kUInt8), 0);
}

TEST_F(IntegerAverageTest, LongRowsDoNotOverflow) {
  IntegerAverageProblem p;
  p.sizes[2] = (std::int64_t{1} << 22) + 3;
  p.scale = 1.0f / static_cast<float>(p.sizes[2]);
  Check<std::uint8_t, std::uint8_t>(p, true, DType::kUInt8, DType::kUInt8);
}

}  // namespace
}  // namespace plumb::kernels
