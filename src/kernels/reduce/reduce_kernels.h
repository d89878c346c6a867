// Inner loops of reductions over fp32. Free of the standard library, for sources of one instruction
// set.
#pragma once

#include <stdint.h>

namespace plumb::kernels {

// What is summed up; the rest of a ReduceKind happens once per result.
enum class FoldOp : uint8_t { kSum, kAbsSum, kSquareSum, kProd, kMax, kMin, kExpSum };
inline constexpr int kFoldOps = 7;

// Partial sums that are joined pairwise cover this many elements of a row.
inline constexpr int64_t kFoldBlock = 4096;
// Rows of a column fold that are summed before they are joined.
inline constexpr int64_t kFoldRows = 64;

// Fold of n contiguous elements, n <= kFoldBlock; `shift` is subtracted before the exponential of
// kExpSum. The neutral element where n is 0.
using FoldRowFn = float (*)(const float* src, int64_t n, float shift);

// acc[c] = join of acc[c] and the fold over rows r < rows of src[r * row_stride + c], c < columns,
// rows <= kFoldRows; `shift` holds one value per column (kExpSum only).
using FoldColumnsFn = void (*)(const float* src, int64_t row_stride, int64_t rows, int64_t columns,
                               const float* shift, float* acc);

struct FoldFns {
  FoldRowFn row[kFoldOps];
  FoldColumnsFn columns[kFoldOps];
};
const FoldFns& FoldScalar();
const FoldFns& FoldAvx2();
const FoldFns& FoldAvx512();

}  // namespace plumb::kernels
