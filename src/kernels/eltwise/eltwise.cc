// Binds element-wise programs to shapes and walks them tile by tile.
#include "kernels/eltwise/eltwise.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "kernels/eltwise/elt_program.h"
#include "kernels/strided/merge_dims.h"

namespace plumb::kernels {
namespace {

using Compiled = EltProgram::Compiled;

// A tile covers `rows` indices of the second innermost dimension and `columns` of the innermost.
struct EltParams {
  const EltProgram* program;
  std::int64_t sizes[kMaxEltRank];                     // outermost first, kMaxEltRank of them
  std::int64_t strides[kMaxEltOperands][kMaxEltRank];  // bytes
  std::int64_t rows, columns;
  std::int64_t row_tiles, column_tiles, tiles, tiles_per_task;
};

LoopNest NestOf(const EltProblem& problem) {
  const Compiled& program = problem.program->compiled();
  LoopNest nest;
  nest.rank = problem.sizes.rank();
  nest.operands = program.inputs + program.outputs;
  for (int d = 0; d < nest.rank; ++d) {
    nest.sizes[d] = problem.sizes[d];
    for (int o = 0; o < nest.operands; ++o) {
      nest.strides[o][d] = problem.strides[o][d] * program.operand_bytes[std::size_t(o)];
    }
  }
  MergeDims(&nest, true, program.inputs);
  return nest;
}

template <typename T>
void MoveElements(const std::byte* src, std::int64_t src_row, std::int64_t src_column,
                  std::byte* dst, std::int64_t dst_row, std::int64_t dst_column, std::int64_t rows,
                  std::int64_t columns) {
  for (std::int64_t r = 0; r < rows; ++r, src += src_row, dst += dst_row) {
    if (src_column == sizeof(T) && dst_column == sizeof(T)) {
      std::memcpy(dst, src, static_cast<std::size_t>(columns) * sizeof(T));
    } else if (src_column == 0 && dst_column == sizeof(T)) {
      T value;
      std::memcpy(&value, src, sizeof(T));
      T* out = reinterpret_cast<T*>(dst);
      for (std::int64_t c = 0; c < columns; ++c) out[c] = value;
    } else {
      for (std::int64_t c = 0; c < columns; ++c) {
        std::memcpy(dst + c * dst_column, src + c * src_column, sizeof(T));
      }
    }
  }
}

void Move(int bytes, const std::byte* src, std::int64_t src_row, std::int64_t src_column,
          std::byte* dst, std::int64_t dst_row, std::int64_t dst_column, std::int64_t rows,
          std::int64_t columns) {
  switch (bytes) {
    case 1:
      return MoveElements<std::uint8_t>(src, src_row, src_column, dst, dst_row, dst_column, rows,
                                        columns);
    case 2:
      return MoveElements<std::uint16_t>(src, src_row, src_column, dst, dst_row, dst_column, rows,
                                         columns);
    case 4:
      return MoveElements<std::uint32_t>(src, src_row, src_column, dst, dst_row, dst_column, rows,
                                         columns);
    default:
      return MoveElements<std::uint64_t>(src, src_row, src_column, dst, dst_row, dst_column, rows,
                                         columns);
  }
}

// Walks a run of tiles with buffers on the stack of the task.
class TileWalker {
 public:
  TileWalker(const EltParams& params, const Call& call)
      : params_(params), program_(params.program->compiled()), call_(call) {
    for (int p = 0; p < program_.places; ++p) buffer_[p] = memory_ + p * program_.place_bytes;
    for (const Compiled::Constant& constant : program_.constants) {
      place_[constant.place] = buffer_[constant.place];
      const int bytes = static_cast<int>(StorageBytes(constant.type, 1));
      Move(bytes, reinterpret_cast<const std::byte*>(&constant.bits), 0, 0, buffer_[constant.place],
           0, bytes, 1, program_.tile);
    }
    for (int p = program_.inputs + program_.outputs; p < program_.places; ++p) {
      place_[p] = buffer_[p];
    }
  }

  void Run(std::int64_t tile) {
    std::int64_t offset[kMaxEltOperands];
    Locate(tile, offset);
    const std::int64_t n = rows_ * columns_;
    for (int i = 0; i < program_.inputs; ++i) LoadInput(i, offset[i]);
    for (int o = program_.inputs; o < program_.inputs + program_.outputs; ++o) {
      std::byte* at = static_cast<std::byte*>(call_.operands[o]) + offset[o];
      place_[o] = Contiguous(o) ? at : buffer_[o];
    }
    for (const Compiled::Step& step : program_.steps) {
      step.fn({place_[step.dst], place_[step.a], place_[step.b], place_[step.c], n, step.alpha,
               step.beta});
    }
    for (const Compiled::StoreStep& store : program_.stores) {
      std::byte* to = place_[program_.inputs + store.output];
      const int bytes = program_.operand_bytes[std::size_t(program_.inputs + store.output)];
      std::memcpy(to, place_[store.place], static_cast<std::size_t>(n * bytes));
    }
    for (int o = program_.inputs; o < program_.inputs + program_.outputs; ++o) {
      if (place_[o] != buffer_[o]) continue;
      const int bytes = program_.operand_bytes[std::size_t(o)];
      Move(bytes, buffer_[o], columns_ * bytes, bytes,
           static_cast<std::byte*>(call_.operands[o]) + offset[o], RowStride(o), ColumnStride(o),
           rows_, columns_);
    }
  }

 private:
  std::int64_t RowStride(int o) const { return params_.strides[o][kMaxEltRank - 2]; }
  std::int64_t ColumnStride(int o) const { return params_.strides[o][kMaxEltRank - 1]; }
  bool Contiguous(int o) const {
    const std::int64_t bytes = program_.operand_bytes[std::size_t(o)];
    return ColumnStride(o) == bytes && (rows_ == 1 || RowStride(o) == columns_ * bytes);
  }

  // Byte offsets of the operands at the tile's first element, and the tile's extent.
  void Locate(std::int64_t tile, std::int64_t* offset) {
    const std::int64_t column = tile % params_.column_tiles * params_.columns;
    tile /= params_.column_tiles;
    const std::int64_t row = tile % params_.row_tiles * params_.rows;
    tile /= params_.row_tiles;
    columns_ = std::min(params_.columns, params_.sizes[kMaxEltRank - 1] - column);
    rows_ = std::min(params_.rows, params_.sizes[kMaxEltRank - 2] - row);
    const int operands = program_.inputs + program_.outputs;
    for (int o = 0; o < operands; ++o) {
      offset[o] = column * ColumnStride(o) + row * RowStride(o);
    }
    for (int d = kMaxEltRank - 3; d >= 0 && tile != 0; --d) {
      const std::int64_t index = tile % params_.sizes[d];
      tile /= params_.sizes[d];
      for (int o = 0; o < operands; ++o) offset[o] += index * params_.strides[o][d];
    }
  }

  // Uses the input's memory where the tile is contiguous there; a broadcast pattern that is in the
  // buffer already is not loaded again.
  void LoadInput(int i, std::int64_t offset) {
    std::byte* at = static_cast<std::byte*>(call_.operands[i]) + offset;
    if (Contiguous(i)) {
      place_[i] = at;
      return;
    }
    place_[i] = buffer_[i];
    const bool pattern = RowStride(i) == 0 || rows_ == 1;
    if (pattern && loaded_[i] == at && loaded_rows_[i] >= rows_ &&
        (loaded_columns_[i] == columns_ ||
         (ColumnStride(i) == 0 && rows_ == 1 && loaded_columns_[i] >= columns_))) {
      return;
    }
    const int bytes = program_.operand_bytes[std::size_t(i)];
    Move(bytes, at, RowStride(i), ColumnStride(i), buffer_[i], columns_ * bytes, bytes, rows_,
         columns_);
    loaded_[i] = at;
    loaded_rows_[i] = rows_;
    loaded_columns_[i] = columns_;
  }

  const EltParams& params_;
  const Compiled& program_;
  const Call& call_;
  std::int64_t rows_ = 0, columns_ = 0;
  std::byte* place_[Compiled::kMaxPlaces];
  std::byte* buffer_[Compiled::kMaxPlaces];
  const std::byte* loaded_[kMaxEltOperands] = {};
  std::int64_t loaded_rows_[kMaxEltOperands] = {}, loaded_columns_[kMaxEltOperands] = {};
  static_assert(Compiled::kMaxPlaces * 64 * 8 <= Compiled::kTileBytes, "the smallest tiles fit");
  alignas(64) std::byte memory_[Compiled::kTileBytes];
};

void RunEltwise(const void* raw, const Call& call) noexcept {
  const EltParams& params = *static_cast<const EltParams*>(raw);
  if (params.tiles == 0) return;
  const std::int64_t tasks = (params.tiles + params.tiles_per_task - 1) / params.tiles_per_task;
  call.pool->ParallelForRanges(tasks, [&](std::int64_t first, std::int64_t last, int) {
    TileWalker walker(params, call);
    const std::int64_t end = std::min(params.tiles, last * params.tiles_per_task);
    for (std::int64_t tile = first * params.tiles_per_task; tile < end; ++tile) walker.Run(tile);
  });
}

void VisitEltMemory(const void* raw, MemoryVisitor visit) {
  const EltProgram* program = static_cast<const EltParams*>(raw)->program;
  const Compiled& compiled = program->compiled();
  visit(program, sizeof(*program));
  visit(&compiled, sizeof(compiled));
  visit(compiled.steps.data(), compiled.steps.size() * sizeof(compiled.steps[0]));
  visit(compiled.constants.data(), compiled.constants.size() * sizeof(compiled.constants[0]));
  visit(compiled.stores.data(), compiled.stores.size() * sizeof(compiled.stores[0]));
}

}  // namespace

bool CanBindEltwise(const EltProblem& problem) { return NestOf(problem).rank <= kMaxEltRank; }

BoundKernel BindEltwise(const EltProblem& problem, const Target&) {
  const Compiled& program = problem.program->compiled();
  LoopNest nest = NestOf(problem);
  PLUMB_CHECK(nest.rank <= kMaxEltRank, "rank ", nest.rank);
  EltParams params{};
  params.program = problem.program;
  const int lead = kMaxEltRank - nest.rank;
  std::int64_t outer = 1;
  for (int d = 0; d < kMaxEltRank; ++d) {
    params.sizes[d] = d < lead ? 1 : nest.sizes[d - lead];
    if (d < kMaxEltRank - 2) outer *= params.sizes[d];
    for (int o = 0; o < nest.operands; ++o) {
      params.strides[o][d] = d < lead ? 0 : nest.strides[o][d - lead];
    }
  }
  // A scalar program is one element of a contiguous row.
  if (nest.rank == 0) {
    for (int o = 0; o < nest.operands; ++o) {
      params.strides[o][kMaxEltRank - 1] = program.operand_bytes[std::size_t(o)];
    }
  }
  const std::int64_t columns = params.sizes[kMaxEltRank - 1];
  const std::int64_t rows = params.sizes[kMaxEltRank - 2];
  params.columns = std::max<std::int64_t>(1, std::min(columns, program.tile));
  params.rows = columns < program.tile
                    ? std::max<std::int64_t>(1, std::min(rows, program.tile / params.columns))
                    : 1;
  params.row_tiles = (rows + params.rows - 1) / params.rows;
  params.column_tiles = (columns + params.columns - 1) / params.columns;
  params.tiles = outer * params.row_tiles * params.column_tiles;
  // About 4 microseconds of one core for each task: what lies near another core is better left to
  // it.
  const double tile_ns =
      static_cast<double>(params.rows * params.columns) * (0.15 + 0.03 * program.ops_per_element);
  params.tiles_per_task = std::max<std::int64_t>(1, static_cast<std::int64_t>(4000 / tile_ns));
  BoundKernel kernel;
  kernel.run = RunEltwise;
  kernel.visit_memory = VisitEltMemory;
  kernel.params.Set(params);
  return kernel;
}

}  // namespace plumb::kernels
