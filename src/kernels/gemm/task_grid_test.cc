#include "kernels/gemm/task_grid.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/random.h"

namespace plumb::kernels {
namespace {

TEST(TaskGridTest, RangesOfTasksCoverEveryTileAndPanelOnce) {
  Random random(17);
  for (int round = 0; round < 500; ++round) {
    GridShape shape{};
    shape.products = random.Uniform(1, 4);
    shape.tiles = random.Uniform(1, 40);
    shape.rows = shape.tiles * random.Uniform(1, 16);
    shape.panels = random.Uniform(1, 20);
    shape.a_bytes = 1;
    shape.b_bytes = static_cast<double>(random.Uniform(0, 3));
    shape.block_tiles = random.Uniform(0, 12);
    const int threads = static_cast<int>(random.Uniform(1, 16));
    const TaskGrid grid(shape, threads);
    ASSERT_GE(grid.count(), 1);
    std::vector<int> visits(static_cast<std::size_t>(shape.products * shape.tiles * shape.panels));
    for (std::int64_t begin = 0; begin < grid.count();) {
      const std::int64_t end = std::min(grid.count(), begin + random.Uniform(1, 30));
      grid.ForEachBlock(begin, end, [&](std::int64_t product, const TileBlock& block) {
        EXPECT_LE(block.tile_end - block.tile_begin, grid.block_tiles());
        for (std::int64_t tile = block.tile_begin; tile < block.tile_end; ++tile) {
          for (std::int64_t panel = block.panel_begin; panel < block.panel_end; ++panel) {
            ++visits[static_cast<std::size_t>((product * shape.tiles + tile) * shape.panels +
                                              panel)];
          }
        }
      });
      begin = end;
    }
    for (int count : visits) ASSERT_EQ(count, 1) << "round " << round;
  }
}

TEST(TaskGridTest, OneThreadTakesAllInLargeBlocks) {
  const TaskGrid grid({.products = 1,
                       .rows = 60,
                       .tiles = 10,
                       .panels = 7,
                       .a_bytes = 1,
                       .b_bytes = 9,
                       .block_tiles = 100},
                      1);
  int blocks = 0;
  grid.ForEachBlock(0, grid.count(), [&](std::int64_t, const TileBlock& block) {
    ++blocks;
    EXPECT_EQ(block.tile_end, 10);
    EXPECT_EQ(block.panel_end, 7);
  });
  EXPECT_EQ(blocks, 1);
}

TEST(TaskGridTest, FewRowsAreCutIntoPanels) {
  const GridShape shape{.products = 1,
                        .rows = 12,
                        .tiles = 2,
                        .panels = 16,
                        .a_bytes = 1,
                        .b_bytes = 50,
                        .block_tiles = 100};
  const TaskGrid grid(shape, 2);
  // The first half of the tasks: all rows of half of B.
  int blocks = 0;
  grid.ForEachBlock(0, grid.count() / 2, [&](std::int64_t, const TileBlock& block) {
    EXPECT_EQ(block.tile_begin, 0);
    EXPECT_EQ(block.tile_end, 2);
    EXPECT_LE(block.panel_end, 8);
    ++blocks;
  });
  EXPECT_GT(blocks, 0);
}

TEST(TaskGridTest, NothingToDoMakesNoTasks) {
  EXPECT_EQ(TaskGrid({.products = 1,
                      .rows = 0,
                      .tiles = 0,
                      .panels = 3,
                      .a_bytes = 0,
                      .b_bytes = 1,
                      .block_tiles = 1},
                     2)
                .count(),
            0);
  EXPECT_EQ(TaskGrid().count(), 0);
}

}  // namespace
}  // namespace plumb::kernels
