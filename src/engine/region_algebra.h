// Composition of data movement: a copy of a copy becomes one copy, where that is exact.
//
// Works on flat element addresses of the tensor in the middle. Both sides are written in one mixed
// radix (a chain of strides, each dividing the one before), where a box of the inner region and a
// box of the outer one meet digit by digit in another box. What is not one box is refused, never
// approximated.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/region.h"

namespace plumb::engine {

// Drops dimensions of size one, makes destination strides positive, orders dimensions by falling
// destination stride and merges those that are contiguous on both sides. Copies the same elements.
void SimplifyRegion(Region* region);

// The elements that `outer` (which reads a middle tensor) takes from what `inner` writes there, as
// one region from inner's source to outer's destination.
enum class ComposeResult : std::uint8_t {
  kRegion,   // *result is the composed region
  kNothing,  // they do not meet: no element of inner is read by outer
  kRefused,  // not one box
};
ComposeResult ComposeRegions(const Region& outer, const Region& inner, Region* result);

// The same for everything that writes the middle tensor: fuses only when every inner region
// composes. The result's order follows `inner`. Elements that no inner region wrote stay unwritten.
std::optional<std::vector<Region>> ComposeThrough(const Region& outer,
                                                  std::span<const Region> inner);

// How many elements the regions write (they do not overlap).
std::int64_t ElementsWritten(std::span<const Region> regions);

// The region that copies a whole tensor of `shape` between two memory orders.
Region WholeTensor(const Shape& shape, const Strides& src_strides, const Strides& dst_strides);

// A region that writes every element of a packed row-major tensor of `shape` as element strides
// over that shape, so that the tensor can be read in place at `offset`. nullopt when one dimension
// of the shape would need two strides.
struct StridedView {
  std::int64_t offset = 0;
  Strides strides;
};
std::optional<StridedView> ViewOf(const Region& region, const Shape& shape);

// The place of a region's source inside the destination: strides over `source_shape` (packed
// row-major when read) that write straight to where the region would copy it, for a destination
// laid out with `dst_strides` over `dst_shape`. nullopt when the region does not take the whole
// source exactly once, or a dimension does not map to one stride.
std::optional<StridedView> PlaceInside(const Region& region, const Shape& source_shape,
                                       const Shape& dst_shape, const Strides& dst_strides);

}  // namespace plumb::engine
