// Indexed reads and writes on packed row-major tensors, by element size. Indices are int32 or
// int64; negative ones count from the end.
//
// An index outside of its axis is an error of the input that only a run can see: the kernel then
// writes zeros for that slice (or skips that update) and adds one to the int64 counter that is the
// last operand; the caller turns a count above zero into a status.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "core/shape.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

// dst[outer, i, inner] = src[outer, indices[i], inner], elements of any size (inner is in bytes).
// Operands: src [outer, axis, inner], indices [count], dst [outer, count, inner], errors [1].
struct GatherProblem {
  bool wide_indices = true;  // int64, else int32
  std::int64_t outer = 1, axis = 1, count = 1;
  std::int64_t inner_bytes = 4;
};
BoundKernel BindGather(const GatherProblem& problem, const Target& target);

// dst[i...] = src[i... with i[axis] = indices[i...]]; dst has the shape of indices.
// Operands: src, indices, dst, errors.
struct GatherElementsProblem {
  bool wide_indices = true;
  int element_bytes = 4;  // 1 2 4 8
  int axis = 0;
  Shape src_sizes, index_sizes;
};
BoundKernel BindGatherElements(const GatherElementsProblem& problem, const Target& target);

// Tuples of `depth` indices address slices of src behind `batch_dims` shared leading dimensions:
// dst[batch, t, :] = src[batch, indices[batch, t, 0 ... depth-1], :].
// Operands: src, indices [batch..., tuples, depth] (int64 or int32), dst, errors.
struct GatherNdProblem {
  bool wide_indices = true;
  std::int64_t batch = 1;   // product of the shared leading dimensions
  std::int64_t tuples = 1;  // index tuples per batch entry
  int depth = 1;
  Shape indexed_sizes;  // sizes of the `depth` addressed dimensions
  std::int64_t slice_bytes = 4;
};
BoundKernel BindGatherNd(const GatherNdProblem& problem, const Target& target);

// How an update meets what is there. Other than kReplace need a number type.
enum class ScatterReduction : std::uint8_t { kReplace, kAdd, kMul, kMin, kMax };

// dst = src, then dst[i... with i[axis] = indices[i...]] = (reduced with) updates[i...], in
// row-major order of the updates: the last of equal positions wins. dst may be src. Operands: src,
// indices, updates, dst, errors.
struct ScatterElementsProblem {
  ScatterReduction reduction = ScatterReduction::kReplace;
  DType dtype = DType::kFloat32;
  bool wide_indices = true;
  int axis = 0;
  Shape src_sizes, index_sizes;
};
BoundKernel BindScatterElements(const ScatterElementsProblem& problem, const Target& target);

// dst = src, then dst[indices[t, 0 ... depth-1], :] = (reduced with) updates[t, :]. dst may be src.
// Operands: src, indices [tuples, depth], updates [tuples, slice], dst, errors.
struct ScatterNdProblem {
  ScatterReduction reduction = ScatterReduction::kReplace;
  DType dtype = DType::kFloat32;
  bool wide_indices = true;
  std::int64_t tuples = 1;
  int depth = 1;
  Shape indexed_sizes;
  std::int64_t slice_elements = 1;
};
BoundKernel BindScatterNd(const ScatterNdProblem& problem, const Target& target);

}  // namespace plumb::kernels
