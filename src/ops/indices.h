// Index tensors of the gather and scatter operators: int32 or int64, negative ones count from the
// end; one outside of its dimension is an error that names it.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/op_def.h"
#include "kernels/gather/gather.h"

namespace plumb::ops {

// Indices into a dimension of size `dim`, all in [0, dim).
StatusOr<std::vector<std::int64_t>> NormalIndices(const Tensor& indices, std::int64_t dim);

// The same for index tuples: the last dimension of `indices` has one index for each of `dims`;
// in row-major order.
StatusOr<std::vector<std::int64_t>> NormalTuples(const Tensor& indices,
                                                 std::span<const std::int64_t> dims);

using kernels::ScatterReduction;

// "none", "add", "mul", "min" or "max".
StatusOr<ScatterReduction> ReductionOf(const AttrMap& attrs);

// dst[positions[i]] = reduction of it and src[i], in order. Types are equal; sums and products are
// taken in the element type, of 16-bit floats in float32. Strings and sub-byte types can only be
// replaced.
Status ScatterInto(Tensor* dst, const std::vector<std::int64_t>& positions, const Tensor& src,
                   ScatterReduction reduction);

}  // namespace plumb::ops
