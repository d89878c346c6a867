// How the tiles and panels of products are dealt out to threads.
//
// A product is cut into tiles of rows: what a thread reads of A is mostly what it wrote in the
// layer before. All of B passes every thread then; where that is too much for the rows that a
// thread has, it is cut into panels. Where that makes too few tasks, each tile (panel) is cut along
// the other operand too. Tasks that follow each other lie beside each other, so that a range of
// them is a few blocks of whole tiles and panels.
#pragma once

#include <algorithm>
#include <cstdint>

namespace plumb::kernels {

struct TileBlock {
  std::int64_t tile_begin, tile_end;
  std::int64_t panel_begin, panel_end;
};

struct GridShape {
  std::int64_t products;     // that are computed at once, all of the same shape
  std::int64_t rows, tiles;  // of each
  std::int64_t panels;
  double a_bytes, b_bytes;   // of the operands of each
  std::int64_t block_tiles;  // at most in a block
};

class TaskGrid {
 public:
  TaskGrid() = default;
  TaskGrid(const GridShape& shape, int threads);

  std::int64_t count() const { return products_ * per_product(); }
  std::int64_t block_tiles() const { return block_tiles_; }

  // Calls fn(product, block) for blocks that cover the tasks [begin, end).
  template <typename Fn>
  void ForEachBlock(std::int64_t begin, std::int64_t end, const Fn& fn) const {
    while (begin < end) {
      const std::int64_t product = begin / per_product();
      const std::int64_t next = std::min(end, (product + 1) * per_product());
      CutProduct(begin - product * per_product(), next - product * per_product(),
                 [&](const TileBlock& block) { fn(product, block); });
      begin = next;
    }
  }

 private:
  std::int64_t per_product() const { return (by_panels_ ? panels_ : tiles_) * parts_; }

  // Whole panels (tiles) from the first to the last one, and what is left of those at the ends.
  template <typename Fn>
  void CutProduct(std::int64_t begin, std::int64_t end, const Fn& fn) const {
    while (begin < end) {
      const std::int64_t first = begin / parts_;
      if (begin % parts_ == 0 && end - begin >= parts_) {
        const std::int64_t last = end / parts_;
        Emit(first, last, 0, parts_, fn);
        begin = last * parts_;
      } else {
        const std::int64_t next = std::min(end, (first + 1) * parts_);
        Emit(first, first + 1, begin - first * parts_, next - first * parts_, fn);
        begin = next;
      }
    }
  }

  template <typename Fn>
  void Emit(std::int64_t first, std::int64_t last, std::int64_t part_begin, std::int64_t part_end,
            const Fn& fn) const {
    const std::int64_t across = by_panels_ ? tiles_ : panels_;
    const std::int64_t across_begin = across * part_begin / parts_;
    const std::int64_t across_end = across * part_end / parts_;
    TileBlock block = by_panels_ ? TileBlock{across_begin, across_end, first, last}
                                 : TileBlock{first, last, across_begin, across_end};
    const std::int64_t tile_end = block.tile_end;
    while (block.tile_begin < tile_end) {
      block.tile_end = std::min(tile_end, block.tile_begin + block_tiles_);
      fn(block);
      block.tile_begin = block.tile_end;
    }
  }

  std::int64_t products_ = 0;
  std::int64_t tiles_ = 0;
  std::int64_t panels_ = 0;
  std::int64_t block_tiles_ = 1;
  std::int64_t parts_ = 1;  // of a panel (tile)
  bool by_panels_ = false;
};

}  // namespace plumb::kernels
