#include "engine/region_algebra.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>

#include "core/check.h"

namespace plumb::engine {
namespace {

constexpr int kMaxDigits = 2 * kMaxRank + 2;

// One box dimension seen from the middle tensor: `stride` there, `other` on the far side.
struct Axis {
  std::int64_t size, stride, other;
};

// A box as axes over middle addresses. Axes of stride zero read one element many times.
struct Box {
  std::array<Axis, kMaxRank> axes;
  int count = 0;
  std::int64_t offset = 0;        // in the middle
  std::int64_t other_offset = 0;  // on the far side
};

// Position of a box in one digit: coefficient * i + first, i in [0, size).
struct Digit {
  std::int64_t first = 0, coefficient = 1, size = 1, other = 0;
  bool used = false;
};
using Digits = std::array<Digit, kMaxDigits>;

struct Radix {
  std::array<std::int64_t, kMaxDigits> stride;
  int count = 0;
  std::int64_t extent(int t) const {  // values that digit t takes; the outermost is unbounded
    return t == 0 ? INT64_MAX : stride[t - 1] / stride[t];
  }
};

bool AddAxis(Box* box, std::int64_t size, std::int64_t stride, std::int64_t other) {
  if (size == 1) return true;
  if (stride < 0) {  // walk it the other way round
    box->offset += stride * (size - 1);
    box->other_offset += other * (size - 1);
    stride = -stride;
    other = -other;
  }
  if (box->count == kMaxRank) return false;
  box->axes[box->count++] = {size, stride, other};
  return true;
}

Box ReadBox(const Region& outer) {
  Box box;
  box.offset = outer.src_offset;
  box.other_offset = outer.dst_offset;
  for (int k = 0; k < outer.sizes.rank(); ++k) {
    AddAxis(&box, outer.sizes[k], outer.src_strides[k], outer.dst_strides[k]);
  }
  return box;
}

Box WriteBox(const Region& inner) {
  Box box;
  box.offset = inner.dst_offset;
  box.other_offset = inner.src_offset;
  for (int k = 0; k < inner.sizes.rank(); ++k) {
    AddAxis(&box, inner.sizes[k], inner.dst_strides[k], inner.src_strides[k]);
  }
  return box;
}

// The longest chain of dividing strides among the axes given, outermost first, ending in 1.
Radix ChainOf(const Box* a, const Box* b) {
  std::array<std::int64_t, 2 * kMaxRank> strides;
  int count = 0;
  for (const Box* box : {a, b}) {
    if (box == nullptr) continue;
    for (int k = 0; k < box->count; ++k) {
      if (box->axes[k].stride > 0) strides[count++] = box->axes[k].stride;
    }
  }
  std::sort(strides.begin(), strides.begin() + count, std::greater<>());
  Radix radix;
  for (int k = 0; k < count; ++k) {
    const bool chains = radix.count == 0 || (radix.stride[radix.count - 1] % strides[k] == 0 &&
                                             radix.stride[radix.count - 1] != strides[k]);
    if (chains) radix.stride[radix.count++] = strides[k];
  }
  if (radix.count == 0 || radix.stride[radix.count - 1] != 1) radix.stride[radix.count++] = 1;
  return radix;
}

// Writes one axis into the digits, splitting it where it runs through a digit's whole extent.
bool PlaceAxis(Axis axis, const Radix& radix, Digits* digits) {
  int t = 0;
  while (t < radix.count && (radix.stride[t] > axis.stride || axis.stride % radix.stride[t] != 0)) {
    ++t;
  }
  if (t == radix.count) return false;
  for (;; --t) {
    Digit& digit = (*digits)[t];
    if (digit.used) return false;
    const std::int64_t coefficient = axis.stride / radix.stride[t];
    const std::int64_t extent = radix.extent(t);
    const bool fits = (axis.size - 1) * coefficient < extent - digit.first;
    if (fits) {
      digit = {digit.first, coefficient, axis.size, axis.other, true};
      return true;
    }
    // Whole turns of this digit, then the rest counts in the next one outwards.
    const std::int64_t turn = extent / coefficient;
    if (extent % coefficient != 0 || digit.first >= coefficient || axis.size % turn != 0 ||
        turn < 1) {
      return false;
    }
    if (turn > 1) digit = {digit.first, coefficient, turn, axis.other, true};
    axis = {axis.size / turn, radix.stride[t - 1], axis.other * turn};
    if (axis.size == 1) return true;
  }
}

bool ToDigits(const Box& box, const Radix& radix, Digits* digits) {
  std::int64_t rest = box.offset;
  if (rest < 0) return false;
  for (int t = 0; t < radix.count; ++t) {
    (*digits)[t] = Digit{};
    (*digits)[t].first = rest / radix.stride[t];
    rest %= radix.stride[t];
  }
  for (int k = 0; k < box.count; ++k) {
    if (box.axes[k].stride != 0 && !PlaceAxis(box.axes[k], radix, digits)) return false;
  }
  return true;
}

// The common positions of two arithmetic progressions, as a dimension of the composed region.
struct Meeting {
  bool empty = false;
  std::int64_t size = 1, outer_begin = 0, outer_step = 1, inner_begin = 0, inner_step = 1;
};

Meeting Meet(const Digit& outer, const Digit& inner) {
  Meeting meeting;
  const std::int64_t step = std::lcm(outer.coefficient, inner.coefficient);
  const std::int64_t last = std::min(outer.first + outer.coefficient * (outer.size - 1),
                                     inner.first + inner.coefficient * (inner.size - 1));
  std::int64_t i = 0;
  if (inner.first > outer.first) {
    i = (inner.first - outer.first + outer.coefficient - 1) / outer.coefficient;
  }
  const std::int64_t tries = step / outer.coefficient;
  for (std::int64_t k = 0; k < tries; ++k, ++i) {
    const std::int64_t position = outer.first + outer.coefficient * i;
    if (position > last) break;
    if ((position - inner.first) % inner.coefficient != 0) continue;
    meeting.size = (last - position) / step + 1;
    meeting.outer_begin = i;
    meeting.outer_step = step / outer.coefficient;
    meeting.inner_begin = (position - inner.first) / inner.coefficient;
    meeting.inner_step = step / inner.coefficient;
    return meeting;
  }
  meeting.empty = true;
  return meeting;
}

bool Append(Region* region, std::int64_t size, std::int64_t src, std::int64_t dst) {
  if (size == 1) return true;
  if (region->sizes.rank() == kMaxRank) return false;
  region->sizes.Append(size);
  region->src_strides.Append(src);
  region->dst_strides.Append(dst);
  return true;
}

ComposeResult ComposeInRadix(const Box& outer, const Box& inner, const Radix& radix, int source,
                             Region* result) {
  Digits read, written;
  if (!ToDigits(outer, radix, &read) || !ToDigits(inner, radix, &written)) {
    return ComposeResult::kRefused;
  }
  Region region;
  region.source = source;
  region.src_offset = inner.other_offset;
  region.dst_offset = outer.other_offset;
  bool nothing = false;
  for (int t = 0; t < radix.count; ++t) {
    const Meeting meeting = Meet(read[t], written[t]);
    if (meeting.empty) {
      nothing = true;
      break;
    }
    region.src_offset += meeting.inner_begin * written[t].other;
    region.dst_offset += meeting.outer_begin * read[t].other;
    if (!Append(&region, meeting.size, meeting.inner_step * written[t].other,
                meeting.outer_step * read[t].other)) {
      return ComposeResult::kRefused;
    }
  }
  if (nothing) return ComposeResult::kNothing;
  for (int k = 0; k < outer.count; ++k) {  // reads of one element many times
    if (outer.axes[k].stride == 0 && !Append(&region, outer.axes[k].size, 0, outer.axes[k].other)) {
      return ComposeResult::kRefused;
    }
  }
  *result = region;
  SimplifyRegion(result);
  return ComposeResult::kRegion;
}

bool IsEmpty(const Region& region) {
  return std::any_of(region.sizes.begin(), region.sizes.end(), [](auto n) { return n == 0; });
}

}  // namespace

void SimplifyRegion(Region* region) {
  std::array<Axis, kMaxRank> axes;  // stride is the destination's, other the source's
  int count = 0;
  for (int k = 0; k < region->sizes.rank(); ++k) {
    Axis axis{region->sizes[k], region->dst_strides[k], region->src_strides[k]};
    if (axis.size == 1) continue;
    if (axis.stride < 0 && axis.size > 0) {
      region->dst_offset += axis.stride * (axis.size - 1);
      region->src_offset += axis.other * (axis.size - 1);
      axis.stride = -axis.stride;
      axis.other = -axis.other;
    }
    axes[count++] = axis;
  }
  std::stable_sort(axes.begin(), axes.begin() + count,
                   [](const Axis& a, const Axis& b) { return a.stride > b.stride; });
  int kept = 0;
  for (int k = 0; k < count; ++k) {
    if (kept > 0 && axes[kept - 1].stride == axes[k].stride * axes[k].size &&
        axes[kept - 1].other == axes[k].other * axes[k].size) {
      axes[kept - 1] = {axes[kept - 1].size * axes[k].size, axes[k].stride, axes[k].other};
    } else {
      axes[kept++] = axes[k];
    }
  }
  region->sizes = Shape(kept, 0);
  region->src_strides = Strides(kept, 0);
  region->dst_strides = Strides(kept, 0);
  for (int k = 0; k < kept; ++k) {
    region->sizes[k] = axes[k].size;
    region->src_strides[k] = axes[k].other;
    region->dst_strides[k] = axes[k].stride;
  }
}

ComposeResult ComposeRegions(const Region& outer, const Region& inner, Region* result) {
  if (IsEmpty(outer) || IsEmpty(inner)) return ComposeResult::kNothing;
  const Box read = ReadBox(outer);
  const Box written = WriteBox(inner);
  for (const Radix& radix :
       {ChainOf(nullptr, &written), ChainOf(&read, nullptr), ChainOf(&read, &written)}) {
    const ComposeResult composed = ComposeInRadix(read, written, radix, inner.source, result);
    if (composed != ComposeResult::kRefused) return composed;
  }
  return ComposeResult::kRefused;
}

std::optional<std::vector<Region>> ComposeThrough(const Region& outer,
                                                  std::span<const Region> inner) {
  std::vector<Region> result;
  result.reserve(inner.size());
  for (const Region& part : inner) {
    Region composed;
    switch (ComposeRegions(outer, part, &composed)) {
      case ComposeResult::kRefused: return std::nullopt;
      case ComposeResult::kNothing: break;
      case ComposeResult::kRegion: result.push_back(composed); break;
    }
  }
  return result;
}

std::int64_t ElementsWritten(std::span<const Region> regions) {
  std::int64_t total = 0;
  for (const Region& region : regions) total += NumElements(region.sizes);
  return total;
}

Region WholeTensor(const Shape& shape, const Strides& src_strides, const Strides& dst_strides) {
  Region region;
  region.sizes = shape;
  region.src_strides = src_strides;
  region.dst_strides = dst_strides;
  return region;
}

namespace {

// Strides over `shape` such that address digits of a packed tensor of that shape become addresses
// of `far` of the simplified region: its axes, split where one runs through several dimensions.
std::optional<StridedView> StridesOver(const Shape& shape, const Box& box) {
  StridedView view;
  view.offset = box.other_offset;
  view.strides = Strides(shape.rank(), 0);
  if (box.offset != 0) return std::nullopt;
  const Strides packed = RowMajorStrides(shape);
  for (int d = 0; d < shape.rank(); ++d) {
    if (shape[d] == 1) continue;
    // The axis that contains this dimension: its stride divides the packed one and it reaches it.
    const Axis* found = nullptr;
    for (int k = 0; k < box.count && found == nullptr; ++k) {
      const Axis& axis = box.axes[k];
      const bool reaches = packed[d] % axis.stride == 0 &&
                           packed[d] / axis.stride * shape[d] <= axis.size &&
                           axis.size % (packed[d] / axis.stride * shape[d]) == 0;
      if (axis.stride > 0 && packed[d] >= axis.stride && reaches) found = &axis;
    }
    if (found == nullptr) return std::nullopt;
    view.strides[d] = packed[d] / found->stride * found->other;
  }
  return view;
}

}  // namespace

std::optional<StridedView> ViewOf(const Region& region, const Shape& shape) {
  if (NumElements(region.sizes) != NumElements(shape) || IsEmpty(region)) return std::nullopt;
  Region simple = region;
  SimplifyRegion(&simple);
  return StridesOver(shape, WriteBox(simple));
}

std::optional<StridedView> PlaceInside(const Region& region, const Shape& source_shape,
                                       const Shape& dst_shape, const Strides& dst_strides) {
  if (NumElements(region.sizes) != NumElements(source_shape) || IsEmpty(region)) {
    return std::nullopt;
  }
  for (int k = 0; k < region.sizes.rank(); ++k) {
    if (region.src_strides[k] == 0 && region.sizes[k] != 1) return std::nullopt;
  }
  // To the destination's own memory order first, then the source's side as the middle tensor.
  Region laid_out;
  const Region order = WholeTensor(dst_shape, RowMajorStrides(dst_shape), dst_strides);
  if (ComposeRegions(order, region, &laid_out) != ComposeResult::kRegion) return std::nullopt;
  if (NumElements(laid_out.sizes) != NumElements(source_shape)) return std::nullopt;
  // Turned round: reading the destination, writing the packed source.
  Region turned = laid_out;
  std::swap(turned.src_offset, turned.dst_offset);
  std::swap(turned.src_strides, turned.dst_strides);
  SimplifyRegion(&turned);
  return StridesOver(source_shape, WriteBox(turned));
}

}  // namespace plumb::engine
