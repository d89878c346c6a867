// What the data movement operators share: regions, costs, and the gradient of picking elements.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/op_def.h"

namespace plumb::ops {

// One region that fills the whole destination of shape `sizes` from `source`.
Movement OneRegion(const Shape& sizes, std::int64_t src_offset, const Strides& src_strides,
                   int source = 0);

// Every element keeps its row-major position (Reshape and its kin).
StatusOr<Movement> SamePositions(const ConcreteNode& node);

// For each position of one destination axis the source position, or -1 where nothing is copied.
using AxisMap = std::vector<std::int64_t>;
// The regions of a movement whose axes are independent of each other: one for each combination of
// the pieces in which an axis advances evenly. Unimplemented beyond a few thousand regions.
StatusOr<Movement> MappedAxes(std::span<const AxisMap> axes, const Shape& src);

// No arithmetic, output elements read and written once; no bytes at all for an alias.
Cost MovementCost(const ConcreteNode& node);
Cost AliasCost(const ConcreteNode& node);

// dx = dy put back under the shape of input 0.
Status ReshapeGradient(GradientContext& context);

// For operators whose output elements are single elements of input 0 (or a constant): runs the
// operator on the positions of input 0 and adds dy up at the positions that come out. The operator
// must not put constants between them.
Status PickGradient(GradientContext& context);

// Allocates output 0 and copies to each of its positions the element `position_of(index)` of `src`;
// positions below zero keep what `fill` holds (zero when `fill` is not defined).
template <typename Fn>
Status CopyByIndex(ReferenceContext& context, const Tensor& src, const Shape& out_shape,
                   Fn&& position_of, const Tensor& fill = Tensor());

}  // namespace plumb::ops

#include "ops/elements.h"

namespace plumb::ops {

template <typename Fn>
Status CopyByIndex(ReferenceContext& context, const Tensor& src, const Shape& out_shape,
                   Fn&& position_of, const Tensor& fill) {
  PLUMB_ASSIGN_OR_RETURN(Tensor * out, context.Allocate(0, src.dtype(), out_shape));
  if (fill.defined()) FillElements(fill, out);
  const ElementCopier copier(src, out);
  ForEachIndex(out_shape, [&](const Dims& index, std::int64_t position) {
    const std::int64_t from = position_of(index);
    if (from >= 0) copier.Copy(from, position);
  });
  return OkStatus();
}

}  // namespace plumb::ops
