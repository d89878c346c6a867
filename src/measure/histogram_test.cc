#include "measure/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.h"

namespace plumb::measure {
namespace {

TEST(HistogramTest, MinimumMaximumAndSumAreExact) {
  Histogram histogram;
  for (std::int64_t value : {17, 3, 1'000'003, 250}) histogram.Add(value);
  EXPECT_EQ(histogram.count(), 4);
  EXPECT_EQ(histogram.min(), 3);
  EXPECT_EQ(histogram.max(), 1'000'003);
  EXPECT_EQ(histogram.sum(), 1'000'273);
}

TEST(HistogramTest, QuantilesLieWithinASixteenthOfTheOrderStatistic) {
  Random random(1);
  Histogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 5000; ++i) {
    values.push_back(static_cast<std::int64_t>(std::exp(random.NextDouble() * 30)));
    histogram.Add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (double p : {0.01, 0.5, 0.9, 0.99, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(p * 5000 - 1e-9));
    const std::int64_t exact = values[rank - 1], found = histogram.UpperQuantile(p);
    EXPECT_GE(found, exact) << p;
    EXPECT_LE(static_cast<double>(found), static_cast<double>(exact) * 1.0626 + 1) << p;
  }
}

TEST(HistogramTest, HoldsEveryValueThatThereIs) {
  Histogram histogram;
  for (std::int64_t value : {std::int64_t{-5}, std::int64_t{0}, std::int64_t{15}, std::int64_t{16},
                             std::numeric_limits<std::int64_t>::max()}) {
    histogram.Add(value);
  }
  EXPECT_EQ(histogram.min(), 0);
  EXPECT_EQ(histogram.UpperQuantile(0.4), 0);
  EXPECT_EQ(histogram.UpperQuantile(0.6), 15);
  EXPECT_EQ(histogram.UpperQuantile(0.8), 16);
  EXPECT_EQ(histogram.UpperQuantile(1), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(histogram.sum(), std::numeric_limits<std::int64_t>::max());
}

TEST(HistogramTest, MergingIsAddingEveryValue) {
  Histogram a, b, all;
  for (int i = 0; i < 100; ++i) {
    (i % 3 == 0 ? a : b).Add(i * i);
    all.Add(i * i);
  }
  a.Merge(b);
  a.Merge(Histogram());
  std::vector<std::int64_t> bounds, counts, expected_bounds, expected_counts;
  a.Export(&bounds, &counts);
  all.Export(&expected_bounds, &expected_counts);
  EXPECT_EQ(bounds, expected_bounds);
  EXPECT_EQ(counts, expected_counts);
  EXPECT_EQ(a.min(), all.min());
  EXPECT_EQ(a.sum(), all.sum());
}

TEST(HistogramTest, ExportsRisingBoundsWithTheLowerEndAfterAGap) {
  Histogram histogram;
  histogram.Add(2);
  histogram.Add(40);
  histogram.Add(41);
  std::vector<std::int64_t> bounds, counts;
  histogram.Export(&bounds, &counts);
  EXPECT_EQ(bounds, (std::vector<std::int64_t>{1, 2, 39, 41}));
  EXPECT_EQ(counts, (std::vector<std::int64_t>{0, 1, 0, 2}));
}

TEST(HistogramTest, EmptyOneHasNoQuantile) {
  EXPECT_EQ(Histogram().UpperQuantile(0.5), 0);
  EXPECT_EQ(Histogram().min(), 0);
}

}  // namespace
}  // namespace plumb::measure
