#include "kernels/gemm/task_grid.h"

namespace plumb::kernels {

TaskGrid::TaskGrid(const GridShape& shape, int threads)
    : products_(shape.products), tiles_(shape.tiles), panels_(shape.panels) {
  if (products_ == 0 || tiles_ == 0 || panels_ == 0) {
    products_ = 0;
    return;
  }
  block_tiles_ = std::clamp<std::int64_t>(shape.block_tiles, 1, tiles_);
  if (threads == 1) return;
  // While B comes from memory at 11 GB/s, a core of 270 GFLOP/s multiplies it by so many rows;
  // narrow types are as much smaller as they are faster.
  constexpr std::int64_t kRowsPerThread = 48;
  by_panels_ = shape.b_bytes > shape.a_bytes && products_ * shape.rows < kRowsPerThread * threads;
  // So many tasks that the threads end at about the same time.
  constexpr std::int64_t kTasksPerThread = 8;
  const std::int64_t wanted = kTasksPerThread * threads;
  const std::int64_t whole = products_ * (by_panels_ ? panels_ : tiles_);
  parts_ = std::clamp<std::int64_t>((wanted + whole - 1) / whole, 1, by_panels_ ? tiles_ : panels_);
}

}  // namespace plumb::kernels
