#include "engine/memory_plan.h"

#include <gtest/gtest.h>

#include "core/random.h"

namespace plumb::engine {
namespace {

// No two buffers that live at the same time share a byte; everything is inside the arena.
void ExpectValid(const std::vector<BufferLife>& buffers, const MemoryPlan& plan) {
  for (std::size_t a = 0; a < buffers.size(); ++a) {
    EXPECT_EQ(plan.offsets[a] % kArenaAlignment, 0);
    EXPECT_LE(plan.offsets[a] + buffers[a].bytes, plan.arena_bytes);
    for (std::size_t b = a + 1; b < buffers.size(); ++b) {
      const bool together =
          buffers[a].first <= buffers[b].last && buffers[b].first <= buffers[a].last;
      const bool apart = plan.offsets[a] + buffers[a].bytes <= plan.offsets[b] ||
                         plan.offsets[b] + buffers[b].bytes <= plan.offsets[a];
      EXPECT_TRUE(!together || apart) << "buffers " << a << " and " << b;
    }
  }
}

TEST(MemoryPlanTest, ChainReusesTwoBuffers) {
  std::vector<BufferLife> buffers;
  for (int i = 0; i < 10; ++i) buffers.push_back({1024, i, i + 1});
  const MemoryPlan plan = PlanMemory(buffers);
  ExpectValid(buffers, plan);
  EXPECT_EQ(plan.arena_bytes, 2048);
  EXPECT_EQ(plan.peak_live_bytes, 2048);
}

TEST(MemoryPlanTest, NoBuffersNeedNoArena) {
  const MemoryPlan plan = PlanMemory({});
  EXPECT_EQ(plan.arena_bytes, 0);
  EXPECT_EQ(plan.peak_live_bytes, 0);
}

TEST(MemoryPlanTest, EmptyBuffersTakeNoSpace) {
  const std::vector<BufferLife> buffers = {{0, 0, 3}, {100, 0, 3}};
  const MemoryPlan plan = PlanMemory(buffers);
  ExpectValid(buffers, plan);
  EXPECT_EQ(plan.arena_bytes, 128);
}

TEST(MemoryPlanTest, RandomLivesAreApartAndNearTheBound) {
  Random random(7);
  double worst = 1;
  for (int round = 0; round < 300; ++round) {
    std::vector<BufferLife> buffers;
    const auto count = random.Uniform(1, 60);
    for (std::int64_t i = 0; i < count; ++i) {
      const int first = static_cast<int>(random.Uniform(0, 40));
      buffers.push_back(
          {random.Uniform(1, 100000), first, first + static_cast<int>(random.Uniform(0, 6))});
    }
    const MemoryPlan plan = PlanMemory(buffers);
    ExpectValid(buffers, plan);
    EXPECT_GE(plan.arena_bytes, plan.peak_live_bytes);
    worst = std::max(
        worst, static_cast<double>(plan.arena_bytes) / static_cast<double>(plan.peak_live_bytes));
  }
  EXPECT_LT(worst, 1.35);  // random lives are harder than any network's
}

}  // namespace
}  // namespace plumb::engine
