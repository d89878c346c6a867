#include "core/format.h"

#include <gtest/gtest.h>

#include "core/clock.h"

namespace plumb {
namespace {

TEST(FormatTest, Bytes) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1536), "1.50 KiB");
  EXPECT_EQ(FormatBytes(102'236'160), "97.5 MiB");
  EXPECT_EQ(FormatBytes((1 << 20) - 1), "1.00 MiB");
}

TEST(FormatTest, Counts) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1.00 K");
  EXPECT_EQ(FormatCount(25'557'032), "25.6 M");
  EXPECT_EQ(FormatCount(4.089e9), "4.09 G");
  EXPECT_EQ(FormatCount(999'600), "1.00 M");
}

TEST(FormatTest, Millis) {
  EXPECT_EQ(FormatMillis(0), "0");
  EXPECT_EQ(FormatMillis(12'500), "0.0125");
  EXPECT_EQ(FormatMillis(3'141'593), "3.14");
  EXPECT_EQ(FormatMillis(31'415'930), "31.4");
  EXPECT_EQ(FormatMillis(9'996'000), "10.0");
  EXPECT_EQ(FormatMillis(812'345'678), "812");
  EXPECT_EQ(FormatMillis(12'345'678'901), "12346");
}

TEST(FormatTest, ExactReadsBack) {
  EXPECT_EQ(FormatExact(0.1), "0.1");
  EXPECT_EQ(FormatExact(3), "3");
  EXPECT_EQ(FormatExact(1e-5), "1e-05");
}

TEST(ClockTest, MonotonicAndCpuTimeAdvance) {
  const std::int64_t wall = NowNanos();
  const std::int64_t thread = ThreadCpuNanos();
  const std::int64_t process = ProcessCpuNanos();
  while (ThreadCpuNanos() - thread < 1'000'000) {
  }
  EXPECT_GE(NowNanos() - wall, 900'000);
  EXPECT_GE(ProcessCpuNanos() - process, 900'000);
}

TEST(ClockTest, UtcTextHasMilliseconds) {
  const std::string text = UtcNowText();
  ASSERT_EQ(text.size(), 24u) << text;
  EXPECT_EQ(text[10], 'T');
  EXPECT_EQ(text[19], '.');
  EXPECT_EQ(text[23], 'Z');
}

}  // namespace
}  // namespace plumb
