#include "kernels/lookup/byte_lookup.h"

#include <algorithm>

#include "core/check.h"
#include "kernels/lookup/byte_rows.h"
#include "kernels/strided/merge_dims.h"

namespace plumb::kernels {
namespace {

constexpr std::int64_t kBytesOfTask = 16 << 10;

struct Params {
  ByteTable table;
  ByteRowsFn look_up;  // null: element by element
  // Of each row, outermost dimension first.
  int outer_rank;
  std::int64_t outer_sizes[kMaxRank], src_strides[kMaxRank], dst_strides[kMaxRank];
  std::int64_t columns, src_step, dst_step;
  // A task is some rows, or a part of one.
  std::int64_t rows, rows_of_task, columns_of_task, column_tasks, tasks;
};

struct Offsets {
  std::int64_t src = 0, dst = 0;
};

Offsets OffsetsOf(const Params& p, std::int64_t row) {
  Offsets at;
  for (int d = p.outer_rank - 1; d > 0 && row != 0; --d) {
    const std::int64_t index = row % p.outer_sizes[d];
    row /= p.outer_sizes[d];
    at.src += index * p.src_strides[d];
    at.dst += index * p.dst_strides[d];
  }
  if (p.outer_rank > 0) {
    at.src += row * p.src_strides[0];
    at.dst += row * p.dst_strides[0];
  }
  return at;
}

// Rows that follow `row` at the innermost pitch, itself among them.
std::int64_t RowsTogether(const Params& p, std::int64_t row) {
  if (p.outer_rank == 0) return 1;
  const std::int64_t size = p.outer_sizes[p.outer_rank - 1];
  return p.outer_rank == 1 ? size - row : size - row % size;
}

void RunTask(const Params& p, std::int64_t task, const std::uint8_t* src, std::uint8_t* dst) {
  const std::int64_t column = task % p.column_tasks * p.columns_of_task;
  const std::int64_t columns = std::min(p.columns_of_task, p.columns - column);
  std::int64_t row = task / p.column_tasks * p.rows_of_task;
  const std::int64_t end = std::min(p.rows, row + p.rows_of_task);
  const int inner = p.outer_rank - 1;
  while (row < end) {
    const Offsets at = OffsetsOf(p, row);
    const std::int64_t rows = std::min(end - row, RowsTogether(p, row));
    ByteRows part{src + at.src + column * p.src_step,
                  dst + at.dst + column * p.dst_step,
                  inner < 0 ? 0 : p.src_strides[inner],
                  inner < 0 ? 0 : p.dst_strides[inner],
                  rows,
                  columns,
                  p.table.data()};
    row += rows;
    if (p.look_up != nullptr) {
      p.look_up(part);
      continue;
    }
    for (std::int64_t r = 0; r < rows;
         ++r, part.src += part.src_pitch, part.dst += part.dst_pitch) {
      for (std::int64_t c = 0; c < columns; ++c) {
        part.dst[c * p.dst_step] = p.table[part.src[c * p.src_step]];
      }
    }
  }
}

void RunLookup(const void* raw, const Call& call) noexcept {
  const Params& p = *static_cast<const Params*>(raw);
  call.pool->ParallelFor(p.tasks, [&](std::int64_t task) {
    RunTask(p, task, static_cast<const std::uint8_t*>(call.operands[0]),
            static_cast<std::uint8_t*>(call.operands[1]));
  });
}

ByteRowsFn RowsFor(Isa isa) {
  switch (isa) {
    case Isa::kAvx512: return LookUpRowsAvx512;
    case Isa::kAvx2: return LookUpRowsAvx2;
    default: return LookUpRowsScalar;
  }
}

}  // namespace

BoundKernel BindByteLookup(const ByteLookupProblem& problem, const ByteTable& table,
                           const Target& target) {
  const int rank = problem.sizes.rank();
  PLUMB_CHECK(problem.src.rank() == rank && problem.dst.rank() == rank, "ranks differ");
  LoopNest nest;
  nest.rank = rank;
  nest.operands = 2;
  for (int d = 0; d < rank; ++d) {
    nest.sizes[d] = problem.sizes[d];
    nest.strides[0][d] = problem.src[d];
    nest.strides[1][d] = problem.dst[d];
  }
  MergeDims(&nest, true, 1);
  Params p{};
  p.table = table;
  p.outer_rank = std::max(0, nest.rank - 1);
  p.rows = 1;
  for (int d = 0; d < p.outer_rank; ++d) {
    p.outer_sizes[d] = nest.sizes[d];
    p.src_strides[d] = nest.strides[0][d];
    p.dst_strides[d] = nest.strides[1][d];
    p.rows *= nest.sizes[d];
  }
  const int last = nest.rank - 1;
  p.columns = last < 0 ? 1 : nest.sizes[last];
  p.src_step = last < 0 ? 1 : nest.strides[0][last];
  p.dst_step = last < 0 ? 1 : nest.strides[1][last];
  if (p.src_step == 1 && p.dst_step == 1) p.look_up = RowsFor(target.isa);
  p.columns_of_task = std::max<std::int64_t>(1, std::min(p.columns, kBytesOfTask));
  p.column_tasks = (p.columns + p.columns_of_task - 1) / p.columns_of_task;
  p.rows_of_task = std::max<std::int64_t>(1, kBytesOfTask / p.columns_of_task);
  p.tasks = (p.rows + p.rows_of_task - 1) / p.rows_of_task * p.column_tasks;
  BoundKernel kernel;
  kernel.run = RunLookup;
  kernel.params.Set(p);
  return kernel;
}

}  // namespace plumb::kernels
