#include "kernels/dot/dot_loop.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "kernels/dot/dot_functions.h"
#include "kernels/dot/dot_image.h"
#include "kernels/dot/dot_layout.h"
#include "kernels/dot/dot_rows.h"
#include "kernels/gemm/tile_loop.h"

namespace plumb::kernels {
namespace {

constexpr std::int64_t kBlockTiles = 32;  // at most, of a block
constexpr std::int64_t kScratchBytes = 256 << 10;

std::int64_t Bytes(DType type) { return StorageBytes(type, 1); }

DotIntegers::Type IntegerType(DType type) {
  switch (type) {
    case DType::kInt8: return DotIntegers::kI8;
    case DType::kUInt8: return DotIntegers::kU8;
    case DType::kInt32: return DotIntegers::kI32;
    default: return DotIntegers::kF32;
  }
}

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

// Bounds of the result, of integers in steps of dst before its zero point.
struct Bounds {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

Bounds BoundsOf(const DotProblem& problem) {
  const Epilogue& epilogue = problem.geometry.epilogue;
  Bounds bounds;
  if (epilogue.activation == Activation::kRelu) bounds.low = 0;
  if (epilogue.activation == Activation::kClip) bounds = {epilogue.alpha, epilogue.beta};
  if (problem.dst != DType::kInt8 && problem.dst != DType::kUInt8) return bounds;
  const float least = problem.dst == DType::kInt8 ? -128 : 0;
  const auto zero = static_cast<float>(problem.dst_zero);
  bounds.low = std::clamp(bounds.low, least - zero, least + 255 - zero);
  bounds.high = std::clamp(bounds.high, least - zero, least + 255 - zero);
  return bounds;
}

// One task: rows [row_begin, row_end) by panels [panel_begin, panel_end) of a group and phase.
class DotBlock {
 public:
  DotBlock(const DotProblem& problem, const DotSet& set, const DotLayout& layout,
           const BlockSource& source, const char* constants, const char* panels)
      : problem_(problem),
        set_(set),
        functions_(DotFunctionsFor(set.isa)),
        layout_(layout),
        source_(source),
        constants_(constants),
        panels_(panels),
        groups_(layout.Groups(problem, source.rows.phase)),
        bounds_(BoundsOf(problem)) {}

  // dst and residual: first channel of the group.
  void Run(std::int64_t row_begin, std::int64_t row_end, std::int64_t panel_begin,
           std::int64_t panel_end, char* dst, char* residual, char* scratch) {
    const std::int64_t rows = row_end - row_begin;
    const char* a = scratch;
    if (source_.even_pitch != 0) {
      a = source_.rows.FirstRow() + row_begin * source_.even_pitch;
    } else {
      source_.rows.Gather(functions_.convert, row_begin, rows, scratch, source_.pitch(),
                          source_.padded);
    }
    Place(problem_.geometry.dst, problem_.dst, row_begin, rows, dst, dst_rows_.data());
    if (residual != nullptr) {
      Place(problem_.geometry.residual, problem_.residual, row_begin, rows, residual,
            residual_rows_.data());
    }
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
        Write(begin, done - begin, size, panel, residual != nullptr);
        done = begin + size;
      }
    }
    if (set_.tiles_in_thread()) ReleaseAmx();
  }

 private:
  void Place(const ImageStrides& strides, DType type, std::int64_t row, std::int64_t rows,
             char* base, char** pointers) const {
    const std::int64_t size = Bytes(type);
    PlaceRows(source_.rows.phase, strides.batch * size,
              {strides.spatial[0] * size, strides.spatial[1] * size, strides.spatial[2] * size},
              row, rows, base, pointers);
  }

  bool Together(const ImageStrides& strides) const {
    return strides.channel == 1 || layout_.panels.columns == 1;
  }

  // Rows [skip, rows) of the tile that begins at row `begin` of the block.
  void Write(std::int64_t begin, std::int64_t skip, std::int64_t rows, std::int64_t panel,
             bool has_residual) {
    const std::int64_t column = layout_.panels.first_column(panel);
    const std::int64_t columns = layout_.panels.columns_of(panel);
    const std::int64_t count = rows - skip;
    char* const* dst = dst_rows_.data() + begin + skip;
    const char* const* residual = has_residual ? residual_rows_.data() + begin + skip : nullptr;
    std::int64_t dst_offset = column * Bytes(problem_.dst);
    std::int64_t residual_offset = column * Bytes(problem_.residual);
    const bool stages_dst = !Together(problem_.geometry.dst);
    if (stages_dst) {
      dst = stage_rows_.data();
      dst_offset = 0;
      for (std::int64_t r = 0; r < count; ++r) Staged(stage_rows_, r) = stage_ + r * kStageBytes;
    }
    if (has_residual && !Together(problem_.geometry.residual)) {
      LoadResidual(residual, count, column, columns);
      residual = residual_stage_rows_.data();
      residual_offset = 0;
    }
    if (problem_.integers()) {
      WriteIntegers(skip, count, column, columns, dst, dst_offset, residual, residual_offset);
    } else {
      WriteFloats(skip, count, column, columns, dst, dst_offset, residual, residual_offset);
    }
    if (stages_dst) StoreStage(dst_rows_.data() + begin + skip, count, column, columns);
  }

  void WriteFloats(std::int64_t skip, std::int64_t rows, std::int64_t column, std::int64_t columns,
                   char* const* dst, std::int64_t dst_offset, const char* const* residual,
                   std::int64_t residual_offset) {
    const Epilogue& epilogue = problem_.geometry.epilogue;
    DotFloats out{};
    out.rows = rows;
    out.columns = columns;
    out.sums = sums_ + skip * kDotColumns;
    out.bias =
        layout_.per_column == 1 ? reinterpret_cast<const float*>(constants_) + column : nullptr;
    out.residual_rows = residual;
    out.residual_offset = residual_offset;
    out.residual_bf16 = problem_.residual == DType::kBFloat16;
    out.dst_rows = dst;
    out.dst_offset = dst_offset;
    out.dst_bf16 = problem_.dst == DType::kBFloat16;
    out.low = bounds_.low;
    out.high = bounds_.high;
    const bool bounded = epilogue.activation == Activation::kNone ||
                         epilogue.activation == Activation::kRelu ||
                         epilogue.activation == Activation::kClip;
    if (bounded) return functions_.floats(out);
    out.dst_rows = nullptr;
    functions_.floats(out);
    std::array<float*, kDotRows> sums;
    for (std::size_t r = 0; r < sums.size(); ++r) {
      sums[r] = out.sums + static_cast<std::int64_t>(r) * kDotColumns;
    }
    functions_.activate(epilogue, sums.data(), rows, 0, columns);
    out.bias = nullptr;
    out.residual_rows = nullptr;
    out.dst_rows = dst;
    functions_.floats(out);
  }

  void WriteIntegers(std::int64_t skip, std::int64_t rows, std::int64_t column,
                     std::int64_t columns, char* const* dst, std::int64_t dst_offset,
                     const char* const* residual, std::int64_t residual_offset) {
    DotIntegers out{};
    out.rows = rows;
    out.columns = columns;
    out.sums = reinterpret_cast<const std::int32_t*>(sums_) + skip * kDotColumns;
    out.scale = reinterpret_cast<const float*>(constants_) + column;
    out.offset = reinterpret_cast<const std::int32_t*>(constants_) +
                 layout_.panels.count() * kDotColumns + column;
    out.residual_rows = residual;
    out.residual_offset = residual_offset;
    out.residual = IntegerType(problem_.residual);
    out.dst_rows = dst;
    out.dst_offset = dst_offset;
    out.dst = IntegerType(problem_.dst);
    out.inner_low = problem_.inner_low;
    out.inner_high = problem_.inner_high;
    out.inner_step = problem_.inner_step;
    out.residual_step = problem_.residual_step;
    out.residual_zero = problem_.residual_zero;
    out.dst_zero = problem_.dst_zero;
    out.low = bounds_.low;
    out.high = bounds_.high;
    functions_.integers(out);
  }

  static char*& Staged(std::array<char*, kDotRows>& rows, std::int64_t r) {
    return rows[static_cast<std::size_t>(r)];
  }

  // Channels that do not lie together go through a buffer, element by element.
  void LoadResidual(const char* const* rows, std::int64_t count, std::int64_t column,
                    std::int64_t columns) {
    const std::int64_t size = Bytes(problem_.residual);
    const std::int64_t step = problem_.geometry.residual.channel * size;
    for (std::int64_t r = 0; r < count; ++r) {
      char* to = residual_stage_ + r * kStageBytes;
      Staged(residual_stage_rows_, r) = to;
      for (std::int64_t j = 0; j < columns; ++j) {
        std::memcpy(to + j * size, rows[r] + (column + j) * step, static_cast<std::size_t>(size));
      }
    }
  }

  void StoreStage(char* const* rows, std::int64_t count, std::int64_t column,
                  std::int64_t columns) const {
    const std::int64_t size = Bytes(problem_.dst);
    const std::int64_t step = problem_.geometry.dst.channel * size;
    // Columns outermost: in a planar image the rows of the tile are what lies together.
    for (std::int64_t j = 0; j < columns; ++j) {
      for (std::int64_t r = 0; r < count; ++r) {
        std::memcpy(rows[r] + (column + j) * step, stage_ + r * kStageBytes + j * size,
                    static_cast<std::size_t>(size));
      }
    }
  }

  static constexpr std::int64_t kStageBytes = kDotColumns * 4;

  const DotProblem& problem_;
  const DotSet& set_;
  const DotFunctions& functions_;
  const DotLayout& layout_;
  const BlockSource& source_;
  const char* constants_;
  const char* panels_;
  std::int64_t groups_;
  Bounds bounds_;
  std::array<char*, kBlockTiles * kDotRows> dst_rows_;
  std::array<char*, kBlockTiles * kDotRows> residual_rows_;
  std::array<char*, kDotRows> stage_rows_;
  std::array<char*, kDotRows> residual_stage_rows_;
  alignas(64) float sums_[kDotRows * kDotColumns];
  alignas(64) char stage_[kDotRows * kStageBytes];
  alignas(64) char residual_stage_[kDotRows * kStageBytes];
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
  const std::int64_t phases = PhaseCount(p);
  const std::int64_t group_bytes = layout.PhaseOffset(problem, phases);
  const std::int64_t outputs = layout.panels.columns;

  for (std::int64_t i = 0; i < phases; ++i) {
    const ConvPhase phase = PhaseAt(p, i);
    const std::int64_t rows = p.batch * phase.outputs();
    if (rows == 0 || outputs == 0) continue;
    const BlockSource first = MakeSource(problem, set, phase, 0, image, in_place);
    const std::int64_t long_row = LongRowBytes(first);
    std::int64_t most =
        std::max<std::int64_t>(1, block_bytes / std::max<std::int64_t>(1, first.padded));
    if (first.even_pitch == 0)
      most = std::min(most, std::max<std::int64_t>(1, kScratchBytes / first.pitch()));
    // Blocks of whole tiles where they are large enough.
    const std::int64_t tile = std::min<std::int64_t>(kDotRows, most);
    const std::int64_t cache_tiles = std::clamp<std::int64_t>(most / tile, 1, kBlockTiles);
    const double sum_bytes = static_cast<double>(first.padded);
    const TaskGrid grid =
        ChooseGrid((rows + tile - 1) / tile, layout.panels.count(), p.group,
                   sum_bytes * static_cast<double>(rows), sum_bytes * static_cast<double>(outputs),
                   cache_tiles, long_row != 0 ? 1 : call.pool->threads());
    auto run = [&](std::int64_t task, char* scratch) {
      const std::int64_t group = task / grid.count();
      const std::int64_t row = task % grid.count() / grid.panel_tasks * grid.tiles_per_task * tile;
      const std::int64_t panel = task % grid.panel_tasks * grid.panels_per_task;
      const BlockSource source = MakeSource(problem, set, phase, group, image, in_place);
      const char* constants = packed + group * group_bytes;
      DotBlock block(problem, set, layout, source, constants,
                     constants + layout.PhaseOffset(problem, i));
      const std::int64_t channel = group * outputs;
      block.Run(row, std::min(row + grid.tiles_per_task * tile, rows), panel,
                std::min(panel + grid.panels_per_task, layout.panels.count()),
                dst + channel * p.dst.channel * Bytes(problem.dst),
                residual == nullptr
                    ? nullptr
                    : residual + channel * p.residual.channel * Bytes(problem.residual),
                scratch);
    };
    const std::int64_t tasks = grid.count() * p.group;
    if (long_row != 0) {
      for (std::int64_t task = 0; task < tasks; ++task) run(task, workspace);
      continue;
    }
    call.pool->ParallelFor(tasks, [&](std::int64_t task) {
      alignas(64) char scratch[kScratchBytes];
      run(task, scratch);
    });
  }
}

}  // namespace plumb::kernels
