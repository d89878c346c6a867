// The loops around the tiles: blocks of rows and panels, chunks of long sums, strided outputs.
//
// A block of tiles keeps its part of A in the second-level cache while panel after panel of B
// passes; a panel stays in the nearest caches while the tiles of the block pass. Long sums are cut
// into chunks whose partial sums wait in C as fp32: the same additions in the same order as without
// the cut. Nothing depends on the thread count but which tiles form a block, which changes no bits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kernels/gemm/panels.h"
#include "kernels/gemm/task_grid.h"
#include "kernels/gemm/tile_set.h"

namespace plumb::kernels {

// Rows of C cut into tiles that do not cross segments. Tiles of a segment have even sizes, or all
// the largest size but the last two.
struct RowTiles {
  std::int64_t rows = 0;
  std::int64_t segment = 1;  // rows of a segment; divides rows
  std::int32_t max_rows = 1;
  bool even = false;

  std::int64_t per_segment() const { return (segment + max_rows - 1) / max_rows; }
  std::int64_t count() const { return rows == 0 ? 0 : rows / segment * per_segment(); }
  // First row of a tile; Begin(count()) is `rows`.
  std::int64_t Begin(std::int64_t tile) const;
};

// The part of each sum that one visit of C adds: taps and products of each tap.
struct Chunk {
  std::int64_t tap_begin = 0;
  std::int64_t taps = 0;
  std::int64_t run_begin = 0;
  std::int64_t run = 0;
};

struct LoopShape {
  Isa isa = Isa::kScalar;
  Panels panels;
  RowTiles tiles;
  std::int64_t taps = 1;
  std::int64_t run = 0;        // products of each tap
  std::int64_t tap_chunk = 1;  // more than 1 only where run_chunk == run
  std::int64_t run_chunk = 0;
  bool copies_rows = false;  // FillA may copy rows of A into the scratch
  bool staged = false;       // C or the residual is not contiguous in columns, or cannot hold sums
  bool residual_per_row = false;
  Epilogue epilogue;

  std::int64_t products() const { return taps * run; }
};

// Chooses the chunks, of at most products_limit products each.
void ChooseChunks(std::int64_t products_limit, LoopShape* shape);

// What FillA says of a tile: the taps of the chunk that it needs (the others add nothing) and the
// distance between products of a run.
struct TileSource {
  std::int64_t first_tap;  // within the chunk
  std::int64_t taps;
  std::int64_t a_step;
};

inline constexpr std::int64_t kTablePointers = 4096;
inline constexpr std::int64_t kBlockRows = 512;
inline constexpr std::int64_t kScratchFloats = 48 << 10;

// One block in progress. Source offers
//   TileSource FillA(row, rows, chunk, table, scratch): table[tap][row] for the taps of the chunk;
//   void FillC(row, rows, c, residual): pointers to column 0 of rows (residual only if there is
//       one);
//   void LoadResidual(row, rows, column, columns, stage): staged: [rows][kMaxTileColumns];
//   void StoreC(row, rows, column, columns, stage): staged: [rows][kMaxTileColumns].
template <typename Source>
class TileLoop {
 public:
  // b: the packed panels; bias: padded_columns values or null.
  TileLoop(const LoopShape& shape, const Source& source, const float* b, const float* bias)
      : shape_(shape), source_(source), set_(TileSetFor(shape.isa)), b_(b), bias_(bias) {
    const Epilogue& epilogue = shape.epilogue;
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    low_ = epilogue.activation == Activation::kRelu   ? 0
           : epilogue.activation == Activation::kClip ? epilogue.alpha
                                                      : -kInfinity;
    high_ = epilogue.activation == Activation::kClip ? epilogue.beta : kInfinity;
    panel_bytes_ = shape.panels.width() * shape.products() * std::int64_t{sizeof(float)};
    bounded_ = epilogue.activation == Activation::kNone ||
               epilogue.activation == Activation::kRelu || epilogue.activation == Activation::kClip;
  }

  void Run(const TileBlock& block) {
    const std::int64_t per_tile = shape_.tiles.max_rows;
    const std::int64_t taps = std::max<std::int64_t>(1, shape_.tap_chunk);
    std::int64_t step = std::min(kBlockRows / per_tile, kTablePointers / (per_tile * taps));
    if (shape_.copies_rows) {
      const std::int64_t products = std::max<std::int64_t>(1, taps * shape_.run_chunk);
      step = std::min(step, kScratchFloats / (per_tile * products));
    }
    if (shape_.staged) step = 1;
    for (std::int64_t tile = block.tile_begin; tile < block.tile_end; tile += step) {
      const std::int64_t end = std::min(tile + step, block.tile_end);
      if (!shape_.staged) {
        RunBlock(tile, end, block.panel_begin, block.panel_end);
        continue;
      }
      for (std::int64_t panel = block.panel_begin; panel < block.panel_end; ++panel) {
        RunBlock(tile, end, panel, panel + 1);
      }
    }
  }

 private:
  // A tile of the block: its rows within the block, and where it reads A.
  struct Placed {
    int row;
    int rows;
    TileSource source;
    const float* const* a_rows;
  };

  void RunBlock(std::int64_t tile_begin, std::int64_t tile_end, std::int64_t panel_begin,
                std::int64_t panel_end) {
    const std::int64_t row_begin = shape_.tiles.Begin(tile_begin);
    const int rows = static_cast<int>(shape_.tiles.Begin(tile_end) - row_begin);
    if (shape_.staged) {
      StageRows(row_begin, rows, panel_begin);
    } else {
      source_.FillC(row_begin, rows, c_rows_, residual_rows_);
    }
    Chunk chunk;
    do {
      chunk.taps = std::min(shape_.tap_chunk, shape_.taps - chunk.tap_begin);
      chunk.run = std::min(shape_.run_chunk, shape_.run - chunk.run_begin);
      FillSources(tile_begin, tile_end, chunk);
      RunChunk(tile_end - tile_begin, panel_begin, panel_end, chunk);
      chunk.run_begin += chunk.run;
      if (chunk.run_begin >= shape_.run) {
        chunk.run_begin = 0;
        chunk.tap_begin += chunk.taps;
      }
    } while (chunk.tap_begin < shape_.taps);
    if (shape_.staged) {
      source_.StoreC(row_begin, rows, shape_.panels.first_column(panel_begin),
                     shape_.panels.columns_of(panel_begin), stage_);
    }
  }

  void StageRows(std::int64_t row_begin, int rows, std::int64_t panel) {
    for (int r = 0; r < rows; ++r) {
      c_rows_[r] = stage_ + r * kMaxTileColumns;
      residual_rows_[r] = residual_stage_ + r * kMaxTileColumns;
    }
    if (shape_.epilogue.has_residual) {
      source_.LoadResidual(row_begin, rows, shape_.panels.first_column(panel),
                           shape_.panels.columns_of(panel), residual_stage_);
    }
  }

  void FillSources(std::int64_t tile_begin, std::int64_t tile_end, const Chunk& chunk) {
    const float** table = table_;
    float* scratch = scratch_;
    std::int64_t row = shape_.tiles.Begin(tile_begin);
    const std::int64_t first = row;
    for (std::int64_t tile = tile_begin; tile < tile_end; ++tile) {
      const std::int64_t next = shape_.tiles.Begin(tile + 1);
      Placed& placed = placed_[tile - tile_begin];
      placed.row = static_cast<int>(row - first);
      placed.rows = static_cast<int>(next - row);
      placed.source = source_.FillA(row, placed.rows, chunk, table, scratch);
      placed.a_rows = table + placed.source.first_tap * placed.rows;
      table += shape_.tiles.max_rows * chunk.taps;
      scratch += shape_.tiles.max_rows * chunk.taps * chunk.run;
      row = next;
    }
  }

  // Panel by panel over all tiles, so that the panel stays near; but where all of B stays near,
  // tile by tile over all panels, so that the rows of A and C are visited once.
  void RunChunk(std::int64_t tiles, std::int64_t panel_begin, std::int64_t panel_end,
                const Chunk& chunk) {
    constexpr std::int64_t kNearFloats = 5 << 10;
    const std::int64_t b_floats =
        (panel_end - panel_begin) * shape_.panels.width() * chunk.taps * chunk.run;
    if (b_floats <= kNearFloats) {
      for (std::int64_t t = 0; t < tiles; ++t) {
        for (std::int64_t panel = panel_begin; panel < panel_end; ++panel) {
          RunTile(t, 0, panel, 0, chunk);
        }
      }
      return;
    }
    for (std::int64_t panel = panel_begin; panel < panel_end; ++panel) {
      // Beyond the end too: the same thread mostly goes on there.
      const std::int64_t next = panel + 1 < shape_.panels.count() ? panel_bytes_ : 0;
      for (std::int64_t t = 0; t < tiles; ++t) RunTile(t, tiles, panel, next, chunk);
    }
  }

  // `tiles` tiles read this panel, the next panel is `next` bytes on (0: none).
  void RunTile(std::int64_t t, std::int64_t tiles, std::int64_t panel, std::int64_t next,
               const Chunk& chunk) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const bool last =
        chunk.tap_begin + chunk.taps >= shape_.taps && chunk.run_begin + chunk.run >= shape_.run;
    const Placed& placed = placed_[t];
    const std::int64_t column = shape_.panels.first_column(panel);
    const int vectors = shape_.panels.vectors_of(panel);
    const std::int64_t width = std::int64_t{vectors} * shape_.panels.lanes;
    Tile tile;
    tile.a_rows = placed.a_rows;
    tile.taps = placed.source.taps;
    tile.run = chunk.run;
    tile.a_step = placed.source.a_step;
    tile.b = b_ + shape_.panels.offset(panel, shape_.products()) +
             ((chunk.tap_begin + placed.source.first_tap) * shape_.run + chunk.run_begin) * width;
    tile.prefetch = PrefetchDistance(t, tiles, width, next);
    tile.c_rows = c_rows_ + placed.row;
    tile.bias = last && bias_ != nullptr ? bias_ + column : nullptr;
    tile.residual_rows =
        last && shape_.epilogue.has_residual ? residual_rows_ + placed.row : nullptr;
    tile.column = shape_.staged ? 0 : column;
    tile.residual_column = tile.column;
    tile.columns = shape_.panels.columns_of(panel);
    tile.residual_per_row = shape_.residual_per_row && !shape_.staged;
    tile.accumulate = chunk.tap_begin > 0 || chunk.run_begin > 0;
    tile.low = last ? low_ : -kInfinity;
    tile.high = last ? high_ : kInfinity;
    set_.tile[vectors][placed.rows](tile);
    if (last && !bounded_) {
      set_.activate(shape_.epilogue, tile.c_rows, placed.rows, tile.column, tile.columns);
    }
  }

  // Each tile fetches one line of every row of the next panel until all are fetched. A single tile
  // reads B once: it looks ahead in its own panel.
  static std::int64_t PrefetchDistance(std::int64_t tile, std::int64_t tiles, std::int64_t width,
                                       std::int64_t next) {
    constexpr std::int64_t kLine = 64;
    constexpr std::int64_t kAhead = 2048;
    if (tiles == 1) return kAhead;
    const bool wanted = next != 0 && tile * kLine < width * std::int64_t{sizeof(float)};
    return wanted ? next + tile * kLine : 0;
  }

  const LoopShape& shape_;
  const Source& source_;
  const TileSet& set_;
  const float* b_;
  const float* bias_;
  std::int64_t panel_bytes_;
  float low_;
  float high_;
  bool bounded_;  // the bounds of the tile are the whole activation
  float* c_rows_[kBlockRows];
  const float* residual_rows_[kBlockRows];
  Placed placed_[kBlockRows];
  const float* table_[kTablePointers];
  alignas(64) float stage_[kMaxTileRows * kMaxTileColumns];
  alignas(64) float residual_stage_[kMaxTileRows * kMaxTileColumns];
  alignas(64) float scratch_[kScratchFloats];
};

}  // namespace plumb::kernels
