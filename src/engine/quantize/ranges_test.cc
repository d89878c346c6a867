#include "engine/quantize/ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/random.h"

namespace plumb::engine {
namespace {

std::vector<float> Normal(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(random.NextNormal());
  return values;
}

TEST(RangesTest, MinMaxHoldsZero) {
  RangeCollector both, positive, nothing;
  ASSERT_TRUE(both.Add(std::vector<float>{-1, 3}).ok());
  ASSERT_TRUE(both.Add(std::vector<float>{-2, 0}).ok());
  EXPECT_EQ(both.range({}).low, -2);
  EXPECT_EQ(both.range({}).high, 3);
  ASSERT_TRUE(positive.Add(std::vector<float>{5, 7}).ok());
  EXPECT_EQ(positive.min(), 5);
  EXPECT_EQ(positive.range({}).low, 0);
  EXPECT_EQ(positive.range({}).high, 7);
  EXPECT_EQ(nothing.range({RangeMethod::kEntropy}).high, 0);
}

TEST(RangesTest, PercentileIsTheQuantileOfMagnitudesToABin) {
  const std::vector<float> values = Normal(40000, 1);
  RangeCollector collector;
  for (std::size_t i = 0; i < values.size(); i += 1000) {
    ASSERT_TRUE(collector.Add(std::span(values).subspan(i, 1000)).ok());
  }
  std::vector<float> magnitudes;
  for (const float v : values) magnitudes.push_back(std::fabs(v));
  std::ranges::sort(magnitudes);
  for (const double percentile : {50.0, 90.0, 99.0, 99.9}) {
    const auto rank = static_cast<std::size_t>(std::ceil(percentile / 100 * 40000.0)) - 1;
    const double exact = static_cast<double>(magnitudes[rank]);
    const double found = collector.PercentileThreshold(percentile);
    EXPECT_GE(found, exact);
    EXPECT_LT(found, exact + 8.0 / RangeCollector::kBins + 1e-9) << percentile;
  }
}

TEST(RangesTest, NeitherOrderNorBatchesMatter) {
  std::vector<float> values = Normal(5000, 2);
  values.push_back(37);  // the histogram doubles three times
  values.push_back(1e-3f);
  RangeCollector once, backwards;
  ASSERT_TRUE(once.Add(values).ok());
  std::ranges::reverse(values);
  for (const float v : values) ASSERT_TRUE(backwards.Add(std::span(&v, 1)).ok());
  for (const RangeOptions options :
       {RangeOptions{RangeMethod::kMinMax}, RangeOptions{RangeMethod::kPercentile, 99},
        RangeOptions{RangeMethod::kEntropy}}) {
    EXPECT_EQ(once.range(options).low, backwards.range(options).low);
    EXPECT_EQ(once.range(options).high, backwards.range(options).high);
  }
}

TEST(RangesTest, EntropyClipsAnOutlierAndKeepsWhatIsSpreadEvenly) {
  std::vector<float> values = Normal(100000, 3);
  values.push_back(60);
  RangeCollector bell;
  ASSERT_TRUE(bell.Add(values).ok());
  EXPECT_LT(bell.range({RangeMethod::kEntropy}).high, 8);
  EXPECT_GT(bell.range({RangeMethod::kEntropy}).high, 2);
  EXPECT_EQ(bell.range({}).high, 60);
  std::vector<float> even;
  for (int i = 0; i < 100000; ++i) even.push_back(static_cast<float>(i) / 100000);
  RangeCollector flat;
  ASSERT_TRUE(flat.Add(even).ok());
  EXPECT_GT(flat.range({RangeMethod::kEntropy}).high, 0.98f);
}

TEST(RangesTest, ZerosDoNotDrawTheThresholdToThemselves) {
  std::vector<float> values = Normal(20000, 4);
  RangeCollector plain, rectified;
  ASSERT_TRUE(plain.Add(values).ok());
  values.resize(200000);
  ASSERT_TRUE(rectified.Add(values).ok());
  EXPECT_EQ(plain.EntropyThreshold(), rectified.EntropyThreshold());
  // More zeros than the percentile: the rest is not lost.
  EXPECT_EQ(rectified.PercentileThreshold(80), 0);
  EXPECT_EQ(rectified.range({RangeMethod::kPercentile, 80}).high, rectified.max());
}

TEST(RangesTest, WhatIsNoFiniteNumberIsAnError) {
  RangeCollector collector;
  EXPECT_THAT(std::string(collector.Add(std::vector<float>{1, NAN}).message()),
              testing::HasSubstr("NaN"));
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_THAT(std::string(collector.Add(std::vector<float>{-infinity}).message()),
              testing::HasSubstr("infinity"));
}

}  // namespace
}  // namespace plumb::engine
