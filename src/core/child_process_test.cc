#include "core/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plumb {
namespace {

TEST(ChildProcessTest, SaysHowItEnded) {
  const auto good = RunProcess({"true"});
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_TRUE(good->success);
  const auto bad = RunProcess({"sh", "-c", "echo lost; echo wrong >&2; exit 3"});
  ASSERT_TRUE(bad.ok()) << bad.status();
  EXPECT_FALSE(bad->success);
  EXPECT_EQ(bad->messages, "wrong\n");
  const auto killed = RunProcess({"sh", "-c", "kill -9 $$"});
  ASSERT_TRUE(killed.ok()) << killed.status();
  EXPECT_FALSE(killed->success);
}

TEST(ChildProcessTest, KeepsTheBeginningOfLongMessages) {
  const auto end = RunProcess({"sh", "-c", "head -c 1000000 /dev/zero >&2"});
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_TRUE(end->success);
  EXPECT_LT(end->messages.size(), 100000u);
}

TEST(ChildProcessTest, RunsInAFolder) {
  const auto end = RunProcess({"sh", "-c", "pwd >&2"}, "/");
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->messages, "/\n");
}

TEST(ChildProcessTest, NamesWhatIsMissing) {
  EXPECT_EQ(RunProcess({"no-such-program"}).status().message(),
            "'no-such-program' cannot be run: No such file or directory");
}

}  // namespace
}  // namespace plumb
