// What the pools share: MaxPool, AveragePool, LpPool, their gradients and global forms.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/op_def.h"
#include "ops/lower.h"
#include "ops/window.h"

namespace plumb::ops {

// Concrete sizes of a pool whose shapes have been checked; `window` has its pads resolved.
struct Pool {
  Window window;
  Dims large, small;        // spatial sizes of input and output
  std::int64_t images = 0;  // batch * channels
  Shape output_shape;
};
StatusOr<Pool> MakePool(const AttrMap& attrs, const Shape& x);

// y has the type and the leading two dims of x.
Status InferPool(InferContext& context);

// Calls fn(position, pixels, padded) for every window: its flat position in the small image, the
// flat positions in the large image of its pixels inside (row-major), and how many of its pixels
// lie in the padded image. The work is bounded by the two images, however large kernel and pads
// are.
template <typename Fn>
void ForEachWindow(const Pool& pool, Fn&& fn);

// Spatial positions of one window along one axis.
struct WindowSpan {
  std::int64_t first_tap = 0, taps = 0;  // those inside the image
  std::int64_t first_pixel = 0;
  std::int64_t padded = 0;  // taps inside the padded image
};
WindowSpan SpanOf(const Window& window, int axis, std::int64_t small_index, std::int64_t large);

Cost PoolCost(const ConcreteNode& node);

// x is reduced over all spatial dimensions, which stay with size 1.
Status InferGlobalPool(InferContext& context);

template <typename Fn>
void ForEachWindow(const Pool& pool, Fn&& fn) {
  const int rank = pool.window.rank;
  const Strides strides = RowMajorStrides(pool.large);
  const std::int64_t count = NumElements(pool.small);
  std::vector<std::int64_t> pixels;
  Dims index(rank, 0);
  for (std::int64_t position = 0; position < count; ++position) {
    pixels.assign(1, 0);
    double padded = 1;
    for (int axis = 0; axis < rank; ++axis) {
      const WindowSpan span = SpanOf(pool.window, axis, index[axis], pool.large[axis]);
      padded *= static_cast<double>(span.padded);
      std::vector<std::int64_t> next;
      next.reserve(pixels.size() * static_cast<std::size_t>(span.taps));
      for (const std::int64_t base : pixels) {
        for (std::int64_t t = 0; t < span.taps; ++t) {
          next.push_back(base +
                         (span.first_pixel + t * pool.window.dilation[axis]) * strides[axis]);
        }
      }
      pixels = std::move(next);
    }
    fn(position, std::span<const std::int64_t>(pixels), padded);
    for (int axis = rank - 1; axis >= 0; --axis) {
      if (++index[axis] < pool.small[axis]) break;
      index[axis] = 0;
    }
  }
}

}  // namespace plumb::ops
