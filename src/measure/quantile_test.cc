#include "measure/quantile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/random.h"

namespace plumb::measure {
namespace {

TEST(QuantileTest, ValueIsTheOrderStatisticNeverAnAverage) {
  const std::vector<std::int64_t> values = {1, 2, 3, 100};
  EXPECT_EQ(PercentileOf(values, 0.5)->value, 2);
  EXPECT_EQ(PercentileOf(values, 0.51)->value, 3);
  EXPECT_EQ(PercentileOf(values, 0.99)->value, 100);
}

TEST(QuantileTest, NothingFromNothing) { EXPECT_FALSE(PercentileOf({}, 0.5).has_value()); }

// Ranks from the tables of Hahn and Meeker, Statistical Intervals: the median of 10 and of 100.
TEST(QuantileTest, RanksOfTheMedianAreThoseOfTheBinomial) {
  const QuantileRanks ten = RanksOfQuantile(10, 0.5);
  EXPECT_EQ(ten.value, 5);
  EXPECT_EQ(ten.low, 2);
  EXPECT_EQ(ten.high, 9);
  const QuantileRanks hundred = RanksOfQuantile(100, 0.5);
  EXPECT_EQ(hundred.low, 40);
  EXPECT_EQ(hundred.high, 61);
}

TEST(QuantileTest, SidesThatTheSampleCannotBoundAreNotGiven) {
  const QuantileRanks few = RanksOfQuantile(50, 0.99);
  EXPECT_TRUE(few.low.has_value());
  EXPECT_FALSE(few.high.has_value());
  const QuantileRanks one = RanksOfQuantile(1, 0.5);
  EXPECT_FALSE(one.low.has_value());
  EXPECT_FALSE(one.high.has_value());
}

TEST(QuantileTest, IntervalsCoverTheTrueQuantileAsOftenAsTheySay) {
  Random random(7);
  const int trials = 2000, n = 200;
  for (double p : {0.5, 0.9}) {
    int covered = 0;
    for (int trial = 0; trial < trials; ++trial) {
      std::vector<std::int64_t> values(n);
      for (auto& value : values) value = static_cast<std::int64_t>(random.NextDouble() * 1e9);
      std::sort(values.begin(), values.end());
      const auto found = *PercentileOf(values, p);
      const auto exact = static_cast<std::int64_t>(p * 1e9);
      covered += found.low.value_or(0) <= exact && exact <= found.high.value_or(1'000'000'000);
    }
    EXPECT_GE(covered, trials * 94 / 100) << p;
  }
}

TEST(QuantileTest, HoldsForManyValues) {
  const QuantileRanks ranks = RanksOfQuantile(1'000'000, 0.99);
  EXPECT_EQ(ranks.value, 990'000);
  // Normal approximation: 1.96 * sqrt(n p (1 - p)) = 195.
  EXPECT_NEAR(static_cast<double>(*ranks.low), 990'000 - 195, 3);
  EXPECT_NEAR(static_cast<double>(*ranks.high), 990'000 + 195, 3);
}

}  // namespace
}  // namespace plumb::measure
