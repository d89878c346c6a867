#include "kernels/gemm/tile_loop.h"

namespace plumb::kernels {

std::int64_t RowTiles::Begin(std::int64_t tile) const {
  const std::int64_t per = per_segment();
  const std::int64_t in_segment = tile % per;
  const std::int64_t base = tile / per * segment;
  if (even) {
    const std::int64_t small = segment / per;
    return base + in_segment * small + std::min(in_segment, segment % per);
  }
  const std::int64_t begin = in_segment * max_rows;
  const std::int64_t rest = segment - (per - 1) * max_rows;  // rows of the last tile
  if (per < 2 || in_segment + 1 < per || 2 * rest >= max_rows) return base + begin;
  // A small last tile shares the rows of the one before it.
  return base + begin - (max_rows - rest) / 2;
}

void ChooseChunks(std::int64_t products_limit, LoopShape* shape) {
  shape->run_chunk = std::min(shape->run, products_limit);
  shape->tap_chunk = 1;
  if (shape->run_chunk == shape->run) {
    const std::int64_t by_products = products_limit / std::max<std::int64_t>(1, shape->run);
    const std::int64_t by_table = kTablePointers / shape->tiles.max_rows;
    const std::int64_t most = std::max<std::int64_t>(1, std::min(by_products, by_table));
    const std::int64_t chunks = std::max<std::int64_t>(1, (shape->taps + most - 1) / most);
    shape->tap_chunk = std::max<std::int64_t>(1, (shape->taps + chunks - 1) / chunks);
  }
}

}  // namespace plumb::kernels
