// The geometry that convolutions and pools share: windows that slide over spatial dimensions.
//
// Terms: the large image is the one that windows slide over (input of Conv), the small one has an
// element per window (output of Conv). For a transposed convolution they change places.
#pragma once

#include <cstdint>

#include "core/shape.h"
#include "graph/op_def.h"

namespace plumb::ops {

enum class AutoPad : std::uint8_t { kNotSet, kSameUpper, kSameLower, kValid };

struct Window {
  int rank = 0;  // spatial dimensions
  Dims kernel, stride, dilation, pad_begin, pad_end;
  AutoPad auto_pad = AutoPad::kNotSet;
  bool ceil_mode = false;

  // Pixels that one window spans along an axis.
  std::int64_t Extent(int axis) const { return (kernel[axis] - 1) * dilation[axis] + 1; }
};

// Reads kernel_shape, strides, dilations, pads, auto_pad and ceil_mode for `rank` spatial
// dimensions. `kernel` (the spatial sizes of a weight) stands in for an absent kernel_shape; where
// both are there they must agree. Errors name the attribute, its value and what would be right.
// Every number is below 2^31, so that sums of products of two of them do not overflow.
StatusOr<Window> ReadWindow(const AttrMap& attrs, int rank, const Dims* kernel = nullptr);

// The schema entries of those attributes.
std::vector<AttrDef> WindowAttrs(bool ceil_mode);

// Sets pad_begin and pad_end as auto_pad says for these spatial sizes, then forgets auto_pad.
void ResolvePads(Window* window, const Dims& large);

// Number of windows along an axis of `large` pixels. Errors: a kernel larger than the padded image.
StatusOr<std::int64_t> WindowCount(const Window& window, int axis, std::int64_t large);
// The same for a size with symbols: exact where it is again a linear expression, else a new symbol.
StatusOr<Dim> WindowCountDim(const Window& window, int axis, const Dim& large);

// Spatial sizes of the small image. `large` are the spatial sizes alone.
StatusOr<Dims> WindowCounts(const Window& window, const Dims& large);

// Every pair of pixels that one tap of the window joins, as runs along the last axis: calls
//   fn(tap, small, large, count)
// for the pixels small, small + 1, ... of the small image and large, large + stride, ... of the
// large one (stride: of the last axis); positions are flat within an image, `tap` within the
// kernel. Pixels outside the large image are left out. `window` has its pads resolved.
template <typename Fn>
void ForEachTapRun(const Window& window, const Dims& small, const Dims& large, Fn&& fn);

// First and one past the last small position whose tap lies in the large image.
struct Range {
  std::int64_t begin = 0, end = 0;
};
inline Range ValidRange(const Window& window, int axis, std::int64_t tap, std::int64_t small,
                        std::int64_t large) {
  const std::int64_t shift = tap * window.dilation[axis] - window.pad_begin[axis];
  const std::int64_t stride = window.stride[axis];
  const std::int64_t begin = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
  const std::int64_t end = large - shift <= 0 ? 0 : (large - shift + stride - 1) / stride;
  return {begin, end < small ? end : small};
}

template <typename Fn>
void ForEachTapRun(const Window& window, const Dims& small, const Dims& large, Fn&& fn) {
  const int last = window.rank - 1;
  const Strides small_strides = RowMajorStrides(small), large_strides = RowMajorStrides(large);
  const std::int64_t taps = NumElements(window.kernel);
  Dims tap(window.rank, 0);
  for (std::int64_t t = 0; t < taps; ++t) {
    bool any = true;
    Range range[kMaxRank];
    for (int axis = 0; axis < window.rank; ++axis) {
      range[axis] = ValidRange(window, axis, tap[axis], small[axis], large[axis]);
      any = any && range[axis].begin < range[axis].end;
    }
    Dims at(window.rank, 0);
    for (int axis = 0; axis < window.rank; ++axis) at[axis] = range[axis].begin;
    while (any) {
      std::int64_t from = 0, to = 0;
      for (int axis = 0; axis < window.rank; ++axis) {
        from += at[axis] * small_strides[axis];
        to += (at[axis] * window.stride[axis] + tap[axis] * window.dilation[axis] -
               window.pad_begin[axis]) *
              large_strides[axis];
      }
      fn(t, from, to, range[last].end - range[last].begin);
      int axis = last - 1;
      for (; axis >= 0; --axis) {
        if (++at[axis] < range[axis].end) break;
        at[axis] = range[axis].begin;
      }
      any = axis >= 0;
    }
    for (int axis = last; axis >= 0; --axis) {
      if (++tap[axis] < window.kernel[axis]) break;
      tap[axis] = 0;
    }
  }
}

// The sizes after batch and channels.
Dims SpatialOf(const Shape& shape);

}  // namespace plumb::ops
