// Simplifies a loop nest over strided operands: fewer, longer dimensions with the same effect.
#pragma once

#include <cstdint>

#include "core/shape.h"

namespace plumb::kernels {

// A loop nest, outermost dimension first. strides[operand][dimension], any unit.
struct LoopNest {
  static constexpr int kMaxOperands = 12;
  int rank = 0;
  int operands = 0;
  std::int64_t sizes[kMaxRank]{};
  std::int64_t strides[kMaxOperands][kMaxRank]{};
};

// Drops dimensions of size one; with `sort`, orders the others by falling absolute stride of
// operand `key` (then of the other operands); merges neighbours that every operand walks as one
// dimension. A nest with a size of zero becomes rank 1 of size 0, a single element rank 0.
void MergeDims(LoopNest* nest, bool sort, int key);

}  // namespace plumb::kernels
