#include "core/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

namespace plumb {
namespace {

using ::testing::ElementsAre;

// The known answers that the authors publish for philox4x32 with ten rounds.
TEST(PhiloxTest, KnownAnswers) {
  EXPECT_THAT(Philox4x32(0, 0, 0), ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  const std::uint64_t ones = ~std::uint64_t{0};
  EXPECT_THAT(Philox4x32(ones, ones, ones),
              ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(Philox4x32(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e),
              ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

TEST(RandomTest, SeedsAndStreamsDiffer) {
  Random a(1);
  Random same(1);
  Random other_seed(2);
  Random other_stream(1, 1);
  const std::uint64_t first = a.NextU64();
  EXPECT_EQ(first, same.NextU64());
  EXPECT_NE(first, other_seed.NextU64());
  EXPECT_NE(first, other_stream.NextU64());
}

TEST(RandomTest, UniformCoversItsRangeEvenly) {
  Random random(3);
  std::map<std::int64_t, int> counts;
  constexpr int kDraws = 60'000;
  for (int i = 0; i < kDraws; ++i) ++counts[random.Uniform(-2, 3)];
  EXPECT_EQ(counts.size(), 6u);
  // Chi-square with 5 degrees of freedom: 20.5 is exceeded once in a thousand seeds.
  double chi_square = 0;
  for (const auto& [value, count] : counts) {
    EXPECT_GE(value, -2);
    EXPECT_LE(value, 3);
    chi_square += std::pow(count - kDraws / 6.0, 2) / (kDraws / 6.0);
  }
  EXPECT_LT(chi_square, 20.5);
}

TEST(RandomTest, UniformTakesTheWholeRangeAndSingleValues) {
  Random random(4);
  const std::int64_t low = std::numeric_limits<std::int64_t>::min();
  const std::int64_t high = std::numeric_limits<std::int64_t>::max();
  bool negative = false;
  bool positive = false;
  for (int i = 0; i < 64; ++i) {
    const std::int64_t value = random.Uniform(low, high);
    negative |= value < 0;
    positive |= value > 0;
  }
  EXPECT_TRUE(negative && positive);
  EXPECT_EQ(random.Uniform(7, 7), 7);
  EXPECT_EQ(random.Uniform(high, high), high);
  EXPECT_DEATH(random.Uniform(1, 0), "low 1, high 0");
}

TEST(RandomTest, MomentsOfTheDistributions) {
  Random random(5);
  constexpr int kDraws = 200'000;
  double uniform = 0, uniform_float = 0, exponential = 0, normal = 0, normal_square = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = random.NextDouble();
    const float f = random.NextFloat();
    ASSERT_TRUE(x >= 0 && x < 1 && f >= 0 && f < 1);
    uniform += x;
    uniform_float += f;
    exponential += random.NextExponential();
    const double z = random.NextNormal();
    normal += z;
    normal_square += z * z;
  }
  // Five standard errors of each mean.
  EXPECT_NEAR(uniform / kDraws, 0.5, 5 * 0.289 / std::sqrt(kDraws));
  EXPECT_NEAR(uniform_float / kDraws, 0.5, 5 * 0.289 / std::sqrt(kDraws));
  EXPECT_NEAR(exponential / kDraws, 1, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(normal / kDraws, 0, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(normal_square / kDraws, 1, 5 * std::sqrt(2.0 / kDraws));
}

}  // namespace
}  // namespace plumb
