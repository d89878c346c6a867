#include "kernels/dot/dot_loop.h"

#include <algorithm>

#include "kernels/dot/dot_functions.h"
#include "kernels/dot/dot_image.h"
#include "kernels/dot/dot_layout.h"
#include "kernels/dot/dot_rows.h"
#include "kernels/dot/dot_writer.h"
#include "kernels/gemm/tile_loop.h"

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

// Rows of A of a group and phase, and how tiles read them.
struct BlockSource {
  DotRows rows;
  std::int64_t padded;      // bytes of a row that tiles read
  std::int64_t even_pitch;  // not 0: rows are read where they lie

  std::int64_t pitch() const { return even_pitch != 0 ? even_pitch : RowPitch(padded); }
};

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
  rows.fill = bytes ? static_cast<std::uint8_t>(problem.src_zero) : std::uint8_t{0};
  source.padded = (rows.row_bytes() + set.step - 1) / set.step * set.step;
  source.even_pitch = source.padded == rows.row_bytes() ? rows.EvenPitch(p.batch) : 0;
  return source;
}

// One task: rows [row_begin, row_end) by panels [panel_begin, panel_end) of a group and phase.
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

  // dst and residual: first channel of the group.
  void Run(std::int64_t row_begin, std::int64_t row_end, std::int64_t panel_begin,
           std::int64_t panel_end, char* dst, char* residual, char* scratch) {
    const std::int64_t rows = row_end - row_begin;
    const char* a = scratch;
    if (source_.even_pitch != 0) {
      a = source_.rows.FirstRow() + row_begin * source_.even_pitch;
    } else {
      source_.rows.Gather(DotFunctionsFor(set_.isa).convert, row_begin, rows, scratch,
                          source_.pitch(), source_.padded);
    }
    writer_.Place(source_.rows.phase, row_begin, rows, dst, residual);
    // Tiles of one size: the last begins early and writes only what is new.
    const std::int64_t tiles = (rows + kDotRows - 1) / kDotRows;
    const std::int64_t size = (rows + tiles - 1) / tiles;
    if (set_.tiles_in_thread()) ConfigureAmx(size);
    for (std::int64_t panel = panel_begin; panel < panel_end; ++panel) {
      std::int64_t done = 0;
      for (std::int64_t t = 0; t < tiles; ++t) {
        const std::int64_t begin = std::min(t * size, rows - size);
        DotTile tile;
        tile.a = a + begin * source_.pitch();
        tile.a_pitch = source_.pitch();
        tile.rows = size;
        tile.groups = source_.padded / 4;
        tile.b = panels_ + layout_.PanelOffset(panel, groups_);
        tile.columns = std::int64_t{layout_.panels.vectors_of(panel)} * kDotLanes;
        tile.sums = sums_;
        set_.tile(tile);
        const std::int64_t skip = done - begin;
        writer_.Write(done, size - skip, layout_.panels.first_column(panel),
                      layout_.panels.columns_of(panel), sums_ + skip * kDotColumns);
        done = begin + size;
      }
    }
    if (set_.tiles_in_thread()) ReleaseAmx();
  }

 private:
  const DotSet& set_;
  const DotLayout& layout_;
  const BlockSource& source_;
  const char* panels_;
  std::int64_t groups_;
  DotWriter writer_;
  alignas(64) float sums_[kDotRows * kDotColumns];
};

// Scratch of a block whose rows do not fit the stack: such products run as one task.
std::int64_t LongRowBytes(const BlockSource& source) {
  return source.even_pitch == 0 && source.pitch() > kScratchBytes ? source.pitch() : 0;
}

}  // namespace

std::int64_t DotWorkspaceBytes(const DotProblem& problem, const DotSet& set) {
  const bool in_place = DotImageInPlace(problem, set);
  std::int64_t bytes = in_place ? 0 : (DotImageBytes(problem, set) + 63) / 64 * 64;
  std::int64_t row = 0;
  for (std::int64_t i = 0; i < PhaseCount(problem.geometry); ++i) {
    const ConvPhase phase = PhaseAt(problem.geometry, i);
    if (phase.outputs() == 0 || problem.geometry.batch == 0) continue;
    row = std::max(row, LongRowBytes(MakeSource(problem, set, phase, 0, nullptr, in_place)));
  }
  return bytes + row;
}

namespace {

// How the rows and panels of a phase are cut.
struct PhaseGrid {
  std::int64_t rows;
  std::int64_t tile;  // rows
  TaskGrid tasks;
  bool long_rows;  // a row does not fit the scratch of a task
};

PhaseGrid CutPhase(const DotProblem& problem, const BlockSource& source, std::int64_t panels,
                   std::int64_t outputs, std::int64_t block_bytes, int threads) {
  const ConvProblem& p = problem.geometry;
  PhaseGrid grid{};
  grid.rows = p.batch * source.rows.phase.outputs();
  grid.long_rows = LongRowBytes(source) != 0;
  std::int64_t most = block_bytes / std::max<std::int64_t>(1, source.padded);
  if (source.even_pitch == 0) most = std::min(most, kScratchBytes / source.pitch());
  most = std::max<std::int64_t>(1, most);
  // Blocks of whole tiles where they are large enough.
  grid.tile = std::min<std::int64_t>(kDotRows, most);
  const double sum_bytes = static_cast<double>(source.padded);
  grid.tasks = ChooseGrid(
      (grid.rows + grid.tile - 1) / grid.tile, panels, p.group,
      sum_bytes * static_cast<double>(grid.rows), sum_bytes * static_cast<double>(outputs),
      std::clamp<std::int64_t>(most / grid.tile, 1, kBlockTiles), grid.long_rows ? 1 : threads);
  return grid;
}

}  // namespace

void RunDotLoop(const DotProblem& problem, const DotSet& set, std::int64_t block_bytes,
                const Call& call) {
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
  const std::int64_t panels = layout.panels.count();
  const std::int64_t outputs = layout.panels.columns;

  for (std::int64_t i = 0; i < PhaseCount(p); ++i) {
    const ConvPhase phase = PhaseAt(p, i);
    if (p.batch * phase.outputs() == 0 || outputs == 0) continue;
    const BlockSource first = MakeSource(problem, set, phase, 0, image, in_place);
    const PhaseGrid grid =
        CutPhase(problem, first, panels, outputs, block_bytes, call.pool->threads());
    const TaskGrid& tasks = grid.tasks;
    auto run = [&](std::int64_t task, char* scratch) {
      const std::int64_t group = task / tasks.count();
      const std::int64_t rows = tasks.tiles_per_task * grid.tile;
      const std::int64_t row = task % tasks.count() / tasks.panel_tasks * rows;
      const std::int64_t panel = task % tasks.panel_tasks * tasks.panels_per_task;
      const BlockSource source = MakeSource(problem, set, phase, group, image, in_place);
      const char* constants = packed + group * group_bytes;
      DotBlock block(problem, set, layout, source, constants,
                     constants + layout.PhaseOffset(problem, i));
      const std::int64_t channel = group * outputs;
      char* addend = residual;
      if (addend != nullptr) addend += channel * p.residual.channel * Bytes(problem.residual);
      block.Run(row, std::min(row + rows, grid.rows), panel,
                std::min(panel + tasks.panels_per_task, panels),
                dst + channel * p.dst.channel * Bytes(problem.dst), addend, scratch);
    };
    if (grid.long_rows) {
      for (std::int64_t task = 0; task < tasks.count() * p.group; ++task) run(task, workspace);
      continue;
    }
    call.pool->ParallelFor(tasks.count() * p.group, [&](std::int64_t task) {
      alignas(64) char scratch[kScratchBytes];
      run(task, scratch);
    });
  }
}

}  // namespace plumb::kernels
