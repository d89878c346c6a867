#include "core/arena.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace plumb {
namespace {

TEST(ArenaTest, GrowsAndNeverShrinks) {
  Arena arena;
  EXPECT_EQ(arena.capacity(), 0);
  ASSERT_TRUE(arena.Reserve(1000).ok());
  std::byte* block = arena.data();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % kMemoryAlignment, 0u);
  ASSERT_TRUE(arena.Reserve(10).ok());
  EXPECT_EQ(arena.data(), block);
  EXPECT_EQ(arena.capacity(), 1000);
  ASSERT_TRUE(arena.Reserve(9 << 20).ok());
  EXPECT_EQ(arena.capacity(), 9 << 20);
  std::memset(arena.data(), 1, 9 << 20);
}

TEST(ArenaTest, MoreThanTheMachineHasIsAnErrorAndLeavesAUsableArena) {
  Arena arena;
  const Status status = arena.Reserve(std::int64_t{1} << 55);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()),
              testing::MatchesRegex("cannot allocate 32.0 PiB: only .* of memory are available"));
  EXPECT_EQ(arena.capacity(), 0);
  EXPECT_TRUE(arena.Reserve(64).ok());
}

TEST(AllocateAlignedTest, LargeBlocksStartOnHugePages) {
  const StatusOr<AlignedBytes> block = AllocateAligned(8 << 20);
  ASSERT_TRUE(block.ok());
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block->get()) % (2 << 20), 0u);
  EXPECT_NE(AllocateAligned(0)->get(), nullptr);
}

}  // namespace
}  // namespace plumb
