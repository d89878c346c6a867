#include "ops/window.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace plumb::ops {
namespace {

constexpr std::int64_t kLimit = (std::int64_t{1} << 31) - 1;

// `count` numbers in [least, kLimit], or `otherwise` for each when the attribute is absent.
StatusOr<Dims> ReadSizes(const AttrMap& attrs, std::string_view name, int count, std::int64_t least,
                         std::int64_t otherwise) {
  if (!attrs.Has(name)) return Dims(count, otherwise);
  const std::vector<std::int64_t> values = attrs.Ints(name);
  if (static_cast<int>(values.size()) != count) {
    return InvalidArgument("attribute '", Str(name), "' has ", values.size(), " numbers, expected ",
                           count);
  }
  for (const std::int64_t value : values) {
    if (value < least || value > kLimit) {
      return InvalidArgument("attribute '", Str(name), "' has ", value, ", expected ", least,
                             " to ", kLimit);
    }
  }
  return Dims(values);
}

StatusOr<AutoPad> ReadAutoPad(const AttrMap& attrs) {
  const std::string text = attrs.String("auto_pad", "NOTSET");
  if (text == "NOTSET" || text.empty()) return AutoPad::kNotSet;
  if (text == "SAME_UPPER") return AutoPad::kSameUpper;
  if (text == "SAME_LOWER") return AutoPad::kSameLower;
  if (text == "VALID") return AutoPad::kValid;
  return InvalidArgument("attribute 'auto_pad' is '", text,
                         "', expected NOTSET, SAME_UPPER, SAME_LOWER or VALID");
}

bool IsSame(AutoPad pad) { return pad == AutoPad::kSameUpper || pad == AutoPad::kSameLower; }

std::int64_t FloorDivide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

}  // namespace

std::vector<AttrDef> WindowAttrs(bool ceil_mode) {
  std::vector<AttrDef> attrs = {{"auto_pad", AttrType::kString},
                                {"dilations", AttrType::kInts},
                                {"kernel_shape", AttrType::kInts},
                                {"pads", AttrType::kInts},
                                {"strides", AttrType::kInts}};
  if (ceil_mode) attrs.push_back({"ceil_mode", AttrType::kInt});
  return attrs;
}

StatusOr<Window> ReadWindow(const AttrMap& attrs, int rank, const Dims* kernel) {
  if (rank < 1 || rank > kMaxRank - 2) {
    return InvalidArgument("input has ", rank + 2, " dimensions, expected 3 to ", kMaxRank,
                           " (batch, channels, spatial ones)");
  }
  Window window;
  window.rank = rank;
  if (attrs.Has("kernel_shape") || kernel == nullptr) {
    if (!attrs.Has("kernel_shape")) return InvalidArgument("attribute 'kernel_shape' is missing");
    PLUMB_ASSIGN_OR_RETURN(window.kernel, ReadSizes(attrs, "kernel_shape", rank, 1, 1));
    if (kernel != nullptr && window.kernel != *kernel) {
      return InvalidArgument("attribute 'kernel_shape' is ", window.kernel.ToString(),
                             ", but the weight has ", kernel->ToString());
    }
  } else {
    window.kernel = *kernel;
    for (const std::int64_t size : window.kernel) {
      if (size < 1 || size > kLimit) {
        return InvalidArgument("kernel ", window.kernel.ToString(), " has an empty dimension");
      }
    }
  }
  PLUMB_RETURN_IF_ERROR(CheckedNumElements(window.kernel.span()).status());
  PLUMB_ASSIGN_OR_RETURN(window.stride, ReadSizes(attrs, "strides", rank, 1, 1));
  PLUMB_ASSIGN_OR_RETURN(window.dilation, ReadSizes(attrs, "dilations", rank, 1, 1));
  PLUMB_ASSIGN_OR_RETURN(window.auto_pad, ReadAutoPad(attrs));
  window.pad_begin = window.pad_end = Dims(rank, 0);
  if (window.auto_pad == AutoPad::kNotSet && attrs.Has("pads")) {
    const std::vector<std::int64_t> pads = attrs.Ints("pads");
    if (static_cast<int>(pads.size()) != 2 * rank) {
      return InvalidArgument("attribute 'pads' has ", pads.size(), " numbers, expected ", 2 * rank);
    }
    for (int i = 0; i < 2 * rank; ++i) {
      const std::int64_t pad = pads[static_cast<std::size_t>(i)];
      if (pad < 0 || pad > kLimit) {
        return InvalidArgument("attribute 'pads' has ", pad, ", expected 0 to ", kLimit);
      }
      (i < rank ? window.pad_begin[i] : window.pad_end[i - rank]) = pad;
    }
  }
  window.ceil_mode = attrs.Int("ceil_mode", 0) != 0;
  return window;
}

void ResolvePads(Window* window, const Dims& large) {
  if (IsSame(window->auto_pad)) {
    for (int axis = 0; axis < window->rank; ++axis) {
      const std::int64_t stride = window->stride[axis];
      const std::int64_t count = (large[axis] + stride - 1) / stride;
      const std::int64_t total =
          std::max<std::int64_t>(0, (count - 1) * stride + window->Extent(axis) - large[axis]);
      const std::int64_t less = total / 2;
      const bool upper = window->auto_pad == AutoPad::kSameUpper;
      window->pad_begin[axis] = upper ? less : total - less;
      window->pad_end[axis] = upper ? total - less : less;
    }
  }
  window->auto_pad = AutoPad::kNotSet;
}

StatusOr<std::int64_t> WindowCount(const Window& window, int axis, std::int64_t large) {
  const std::int64_t stride = window.stride[axis];
  if (IsSame(window.auto_pad)) return large / stride + (large % stride != 0 ? 1 : 0);
  const std::int64_t padded = large + window.pad_begin[axis] + window.pad_end[axis];
  const std::int64_t extent = window.Extent(axis);
  if (padded < extent) {
    return InvalidArgument("kernel spans ", extent, " pixels of spatial axis ", axis,
                           ", more than the padded input's ", padded);
  }
  std::int64_t count = (padded - extent) / stride + 1;
  if (window.ceil_mode && (padded - extent) % stride != 0) {
    // One more window, unless it would begin in the padding after the image.
    if (count * stride < large + window.pad_begin[axis]) ++count;
  }
  return count;
}

StatusOr<Dim> WindowCountDim(const Window& window, int axis, const Dim& large) {
  if (large.is_constant()) {
    PLUMB_ASSIGN_OR_RETURN(const std::int64_t count, WindowCount(window, axis, large.value()));
    return Dim(count);
  }
  // floor((scale N + rest) / stride) with a scale that stride divides; ceilings likewise.
  const std::int64_t stride = window.stride[axis];
  if (large.scale() % stride != 0 || window.ceil_mode) return Dim::Anonymous();
  const std::int64_t rest =
      IsSame(window.auto_pad)
          ? large.offset() + stride - 1
          : large.offset() + window.pad_begin[axis] + window.pad_end[axis] - window.Extent(axis);
  const std::int64_t added = IsSame(window.auto_pad) ? 0 : 1;
  return Dim::Symbol(large.symbol(), large.scale() / stride, FloorDivide(rest, stride) + added);
}

StatusOr<Dims> WindowCounts(const Window& window, const Dims& large) {
  Dims counts;
  for (int axis = 0; axis < window.rank; ++axis) {
    PLUMB_ASSIGN_OR_RETURN(const std::int64_t count, WindowCount(window, axis, large[axis]));
    counts.Append(count);
  }
  PLUMB_RETURN_IF_ERROR(CheckedNumElements(counts.span()).status());
  return counts;
}

Dims SpatialOf(const Shape& shape) { return Dims(shape.span().subspan(2)); }

}  // namespace plumb::ops
