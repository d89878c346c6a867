#include "kernels/dot/dot_loop.h"

#include <algorithm>

#include "kernels/dot/dot_functions.h"
#include "kernels/dot/dot_image.h"
#include "kernels/dot/dot_layout.h"
#include "kernels/dot/dot_rows.h"
#include "kernels/dot/dot_writer.h"
#include "kernels/gemm/task_grid.h"

namespace plumb::kernels {
namespace {

constexpr std::int64_t kBlockTiles = kDotBlockRows / kDotRows;
constexpr std::int64_t kScratchBytes = 256 << 10;

std::int64_t Bytes(DType type) { return StorageBytes(type, 1); }

// Distance of gathered rows: an odd number of lines, so that they fall on different sets of the
// caches.
std::int64_t RowPitch(std::int64_t padded) {
  const std::int64_t lines = (padded + kDotStep - 1) / kDotStep;
  return (lines | 1) * kDotStep;
}

// Rows of A of a group and phase, and how tiles read them. Long rows that are gathered are cut into
// chunks of whole taps, whose partial sums wait in memory.
struct BlockSource {
  DotRows rows;
  std::int64_t padded;       // bytes of a whole row that tiles read
  std::int64_t even_pitch;   // not 0: rows are read where they lie
  std::int64_t chunk_taps;   // of a chunk; all where there is one
  std::int64_t chunk_bytes;  // of a chunk's row; `padded` where there is one

  std::int64_t pitch() const { return even_pitch != 0 ? even_pitch : RowPitch(chunk_bytes); }
  bool chunked() const { return chunk_taps < rows.phase.taps(); }
};

void ChooseChunks(BlockSource* source) {
  constexpr std::int64_t kChunkBytes = 2048;
  const DotRows& rows = source->rows;
  source->chunk_taps = rows.phase.taps();
  source->chunk_bytes = source->padded;
  // A chunk begins where a step of the tiles does.
  const bool cuts = source->even_pitch == 0 && rows.pixel_bytes % kDotStep == 0;
  if (!cuts || source->padded < 2 * kChunkBytes) return;
  const std::int64_t taps = std::max<std::int64_t>(1, kChunkBytes / rows.pixel_bytes);
  const std::int64_t bytes = taps * rows.pixel_bytes;
  if (RowPitch(bytes) > kScratchBytes) return;  // a long row even so
  source->chunk_taps = taps;
  source->chunk_bytes = bytes;
}

BlockSource MakeSource(const DotProblem& problem, const DotSet& set, const ConvPhase& phase,
                       std::int64_t group, const char* image, bool in_place) {
  const ConvProblem& p = problem.geometry;
  const std::int64_t element = DotElementBytes(set.element);
  BlockSource source;
  DotRows& rows = source.rows;
  rows.phase = phase;
  rows.in_size = p.in_size;
  ImageStrides strides = p.src;
  if (!in_place) strides = ChannelsLastStrides(p.in_size, p.in_channels);
  rows.batch_stride = strides.batch * element;
  for (std::size_t d = 0; d < 3; ++d) rows.strides[d] = strides.spatial[d] * element;
  rows.pixel_bytes = p.in_channels / p.group * element;
  rows.src = image + group * rows.pixel_bytes;
  const bool bytes = set.element == DotElement::kI8 || set.element == DotElement::kU8;
  rows.zero_tail = !problem.integers();
  rows.fill = bytes ? static_cast<std::uint8_t>(problem.src_zero) : std::uint8_t{0};
  source.padded = (rows.row_bytes() + set.step - 1) / set.step * set.step;
  source.even_pitch = source.padded == rows.row_bytes() ? rows.EvenPitch(p.batch) : 0;
  ChooseChunks(&source);
  return source;
}

// What a task computes: rows by panels of a group and phase.
struct Extent {
  std::int64_t row_begin, row_end;
  std::int64_t panel_begin, panel_end;
};

constexpr std::int64_t kTileSums = kDotRows * kDotColumns;

class DotBlock {
 public:
  DotBlock(const DotProblem& problem, const DotSet& set, const DotLayout& layout,
           const BlockSource& source, const char* constants, const char* panels)
      : set_(set),
        layout_(layout),
        source_(source),
        panels_(panels),
        groups_(layout.Groups(problem, source.rows.phase)),
        writer_(problem, set.isa, constants, layout.panels.columns, layout.constant_columns()) {}

  // dst and residual: first channel of the group. scratch: kScratchBytes; sums: kTileSums for each
  // tile and panel where the source is chunked.
  void Run(const Extent& extent, char* dst, char* residual, char* scratch, float* sums) {
    extent_ = extent;
    partial_ = sums;
    const std::int64_t rows = extent.row_end - extent.row_begin;
    writer_.Place(source_.rows.phase, extent.row_begin, rows, dst, residual);
    // Tiles of one size: the last begins early and writes only what is new.
    tiles_ = (rows + kDotRows - 1) / kDotRows;
    size_ = (rows + tiles_ - 1) / tiles_;
    if (set_.tiles_in_thread()) ConfigureAmx(size_);
    const std::int64_t taps = source_.rows.phase.taps();
    const std::int64_t chunks =
        source_.chunked() ? (taps + source_.chunk_taps - 1) / source_.chunk_taps : 1;
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
      const std::int64_t first = chunk * source_.chunk_taps;
      const std::int64_t last = std::min(first + source_.chunk_taps, taps);
      RunChunk(first, last, chunk == 0, chunk + 1 == chunks, scratch);
    }
    if (set_.tiles_in_thread()) ReleaseAmx();
  }

 private:
  void RunChunk(std::int64_t tap_begin, std::int64_t tap_end, bool first, bool last,
                char* scratch) {
    const std::int64_t rows = extent_.row_end - extent_.row_begin;
    const std::int64_t bytes =
        source_.chunked() ? (tap_end - tap_begin) * source_.rows.pixel_bytes : source_.padded;
    const char* a = scratch;
    if (source_.even_pitch != 0) {
      a = source_.rows.FirstRow() + extent_.row_begin * source_.even_pitch;
    } else {
      source_.rows.Gather(DotFunctionsFor(set_.isa).convert, extent_.row_begin, rows, tap_begin,
                          tap_end, scratch, source_.pitch(), bytes);
    }
    const std::int64_t begin_bytes = tap_begin * source_.rows.pixel_bytes;
    for (std::int64_t panel = extent_.panel_begin; panel < extent_.panel_end; ++panel) {
      std::int64_t done = 0;
      for (std::int64_t t = 0; t < tiles_; ++t) {
        const std::int64_t begin = std::min(t * size_, rows - size_);
        DotTile tile;
        tile.a = a + begin * source_.pitch();
        tile.a_pitch = source_.pitch();
        tile.rows = size_;
        tile.groups = bytes / 4;
        tile.columns = std::int64_t{layout_.panels.vectors_of(panel)} * kDotLanes;
        tile.b = panels_ + layout_.PanelOffset(panel, groups_) + begin_bytes * tile.columns;
        float* sums = sums_;
        if (source_.chunked()) {
          sums = partial_ + ((panel - extent_.panel_begin) * tiles_ + t) * kTileSums;
        }
        tile.sums = sums;
        tile.accumulate = !first;
        set_.tile(tile);
        const std::int64_t skip = done - begin;
        if (last) {
          writer_.Write(done, size_ - skip, layout_.panels.first_column(panel),
                        layout_.panels.columns_of(panel), sums + skip * kDotColumns);
        }
        done = begin + size_;
      }
    }
  }

  const DotSet& set_;
  const DotLayout& layout_;
  const BlockSource& source_;
  const char* panels_;
  std::int64_t groups_;
  Extent extent_{};
  std::int64_t tiles_ = 0;
  std::int64_t size_ = 0;  // rows of each tile
  float* partial_ = nullptr;
  DotWriter writer_;
  alignas(64) float sums_[kTileSums];
};

// Scratch of a block whose rows do not fit the stack: such products run as one task.
std::int64_t LongRowBytes(const BlockSource& source) {
  return source.even_pitch == 0 && source.pitch() > kScratchBytes ? source.pitch() : 0;
}

// How the rows and panels of a phase are cut.
struct PhaseGrid {
  std::int64_t rows;
  std::int64_t tile;  // rows
  TaskGrid tasks;
  bool long_rows;           // a row does not fit the scratch of a block
  std::int64_t lane_bytes;  // of the partial sums of a block
};

PhaseGrid CutPhase(const DotProblem& problem, const BlockSource& source, const Panels& panels,
                   std::int64_t block_bytes, int threads) {
  constexpr std::int64_t kTileBytes = kTileSums * std::int64_t{sizeof(float)};
  const ConvProblem& p = problem.geometry;
  PhaseGrid grid{};
  grid.rows = p.batch * source.rows.phase.outputs();
  grid.long_rows = LongRowBytes(source) != 0;
  std::int64_t most = block_bytes / std::max<std::int64_t>(1, source.chunk_bytes);
  if (source.even_pitch == 0) most = std::min(most, kScratchBytes / source.pitch());
  // Partial sums of a block stay in the second-level cache.
  if (source.chunked()) {
    const std::int64_t tiles =
        block_bytes / (std::max<std::int64_t>(1, panels.count()) * kTileBytes);
    most = std::min(most, std::max<std::int64_t>(1, tiles) * kDotRows);
  }
  most = std::max<std::int64_t>(1, most);
  // Blocks of whole tiles where they are large enough.
  grid.tile = std::min<std::int64_t>(kDotRows, most);
  const double sum_bytes = static_cast<double>(source.padded);
  grid.tasks = TaskGrid({.products = p.group,
                         .rows = grid.rows,
                         .tiles = (grid.rows + grid.tile - 1) / grid.tile,
                         .panels = panels.count(),
                         .a_bytes = sum_bytes * static_cast<double>(grid.rows),
                         .b_bytes = sum_bytes * static_cast<double>(panels.columns),
                         .block_tiles = std::clamp<std::int64_t>(most / grid.tile, 1, kBlockTiles)},
                        grid.long_rows ? 1 : threads);
  if (source.chunked()) {
    const std::int64_t rows = grid.tasks.block_tiles() * grid.tile;
    grid.lane_bytes = (rows + kDotRows - 1) / kDotRows * panels.count() * kTileBytes;
  }
  return grid;
}

// Bytes behind the copy of the image: a long row, or the partial sums of as many tasks as run at
// once.
std::int64_t TaskBytes(const DotProblem& problem, const BlockSource& source, const Panels& panels,
                       std::int64_t block_bytes, std::int64_t slots) {
  // One thread makes the largest tasks.
  const PhaseGrid grid = CutPhase(problem, source, panels, block_bytes, 1);
  return std::max(LongRowBytes(source), grid.lane_bytes * slots);
}

}  // namespace

std::int64_t DotWorkspaceBytes(const DotProblem& problem, const DotSet& set,
                               std::int64_t block_bytes, std::int64_t slots) {
  const bool in_place = DotImageInPlace(problem, set);
  const DotLayout layout(problem, set);
  std::int64_t bytes = in_place ? 0 : (DotImageBytes(problem, set) + 63) / 64 * 64;
  std::int64_t most = 0;
  for (std::int64_t i = 0; i < PhaseCount(problem.geometry); ++i) {
    const ConvPhase phase = PhaseAt(problem.geometry, i);
    if (phase.outputs() == 0 || problem.geometry.batch == 0) continue;
    const BlockSource source = MakeSource(problem, set, phase, 0, nullptr, in_place);
    most = std::max(most, TaskBytes(problem, source, layout.panels, block_bytes, slots));
  }
  return bytes + most;
}

void RunDotLoop(const DotProblem& problem, const DotSet& set, std::int64_t block_bytes,
                std::int64_t slots, const Call& call) {
  const ConvProblem& p = problem.geometry;
  const bool in_place = DotImageInPlace(problem, set);
  const char* image = static_cast<const char*>(call.operands[0]);
  char* workspace = static_cast<char*>(call.workspace);
  if (!in_place) {
    ConvertDotImage(problem, set, image, workspace, call.pool);
    image = workspace;
    workspace += (DotImageBytes(problem, set) + 63) / 64 * 64;
  }
  const char* packed = static_cast<const char*>(call.operands[1]);
  char* residual = p.epilogue.has_residual ? static_cast<char*>(call.operands[2]) : nullptr;
  char* dst = static_cast<char*>(call.operands[3]);
  const DotLayout layout(problem, set);
  const std::int64_t group_bytes = layout.PhaseOffset(problem, PhaseCount(p));
  const Panels& panels = layout.panels;

  for (std::int64_t i = 0; i < PhaseCount(p); ++i) {
    const ConvPhase phase = PhaseAt(p, i);
    if (p.batch * phase.outputs() == 0 || panels.columns == 0) continue;
    const BlockSource first = MakeSource(problem, set, phase, 0, image, in_place);
    const PhaseGrid grid = CutPhase(problem, first, panels, block_bytes, call.pool->threads());
    const auto run = [&](std::int64_t group, const TileBlock& cut, char* scratch, char* sums) {
      const BlockSource source = MakeSource(problem, set, phase, group, image, in_place);
      const char* constants = packed + group * group_bytes;
      DotBlock block(problem, set, layout, source, constants,
                     constants + layout.PhaseOffset(problem, i));
      const std::int64_t channel = group * panels.columns;
      char* addend = residual;
      if (addend != nullptr) addend += channel * p.residual.channel * Bytes(problem.residual);
      block.Run({cut.tile_begin * grid.tile, std::min(cut.tile_end * grid.tile, grid.rows),
                 cut.panel_begin, cut.panel_end},
                dst + channel * p.dst.channel * Bytes(problem.dst), addend, scratch,
                reinterpret_cast<float*>(sums));
    };
    if (grid.long_rows) {
      grid.tasks.ForEachBlock(0, grid.tasks.count(),
                              [&](std::int64_t group, const TileBlock& block) {
                                run(group, block, workspace, nullptr);
                              });
      continue;
    }
    // Partial sums have room for `slots` blocks at once.
    const int most = grid.lane_bytes == 0 ? 0 : static_cast<int>(slots);
    const auto run_range = [&](std::int64_t begin, std::int64_t end, int lane) {
      alignas(64) char scratch[kScratchBytes];
      grid.tasks.ForEachBlock(begin, end, [&](std::int64_t group, const TileBlock& block) {
        run(group, block, scratch, workspace + lane * grid.lane_bytes);
      });
    };
    call.pool->ParallelForRanges(grid.tasks.count(), run_range, most);
  }
}

}  // namespace plumb::kernels
