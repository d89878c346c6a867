// Data movement: runs a list of strided box copies (core/region.h) from several sources into one
// destination, and fills what no box covers.
//
// A plan is made once per shape: boxes lose dimensions of size one, dimensions that are contiguous
// on both sides merge, and each box gets the cheapest loop that fits: one block, rows, a blocked
// two-dimensional transpose, or a strided loop. Large pieces are cut into tasks; the cut depends on
// the plan alone.
//
// Elements are 1, 2, 4 or 8 bytes; a type without fixed-size trivially copied elements (strings)
// does not come here. The destination overlaps no source; boxes overlap each other nowhere in the
// destination.
//
// Operands: source 0 ... source n-1, destination.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/region.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

struct CopyProblem {
  int element_bytes = 4;
  int sources = 1;                  // the destination is operand `sources`
  std::span<const Region> regions;  // element strides and offsets of the memory, as it is laid out
  // Only for fill: the destination's sizes and element strides.
  bool fill = false;            // write `fill_bits` where no region writes
  std::uint64_t fill_bits = 0;  // the element's bytes, low end first
  Shape dst_sizes;
  Strides dst_strides;
};

// One box after simplification. Strides and offsets count bytes; dimensions run from the outermost
// to the innermost. Work is cut into units, a task is a range of units:
//   kRun        moves run_bytes contiguous bytes for each index; a unit is one index (kWholeRun:
//               a piece without dimensions, a unit is kRunUnit bytes of the run)
//   kTranspose  the last two dimensions are contiguous in the source and in the destination; a unit
//               is kTransposeRows indices of the first of the two
//   kBroadcast  repeats one element over the last dimension; a unit is one row
//   kFill       writes the fill over the last dimension; a unit is one row
struct CopyPiece {
  enum class Kind : std::uint8_t { kWholeRun, kRun, kTranspose, kBroadcast, kFill };
  static constexpr std::int64_t kRunUnit = 4096, kTransposeRows = 32;
  Kind kind = Kind::kRun;
  std::int16_t source = 0;
  std::int8_t rank = 0;
  std::int64_t run_bytes = 0;
  std::int64_t src_offset = 0, dst_offset = 0;
  std::int64_t units = 0, units_per_task = 1;
  std::int64_t first_task = 0, tasks = 0;  // numbered within the phase (fills, then copies)
  std::int64_t sizes[kMaxRank]{}, src_strides[kMaxRank]{}, dst_strides[kMaxRank]{};
};

// Owned by whoever binds; outlives the BoundKernel made from it and keeps its address. Planning
// again into the same object reuses its memory.
struct CopyPlan {
  std::vector<CopyPiece> pieces;
  std::size_t fills_before = 0;  // pieces[0, fills_before) end before the others begin
  std::int64_t fill_tasks = 0, copy_tasks = 0;
  int element_bytes = 4;
  int sources = 1;
  std::uint64_t fill_bits = 0;
  std::int64_t bytes_moved = 0;  // bytes read plus bytes written by a run
};

// PLUMB_CHECKs element size, ranks and source numbers: they come from lowering.
void PlanCopy(const CopyProblem& problem, CopyPlan* plan);

// `plan` must outlive the kernel. No workspace.
BoundKernel BindCopy(const CopyPlan* plan, const Target& target);

}  // namespace plumb::kernels
