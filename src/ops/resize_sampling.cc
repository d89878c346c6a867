#include "ops/resize_sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace plumb::ops {
namespace {

using kernels::ResizeCoordinates;
using kernels::ResizeMode;
using kernels::ResizeNearest;

template <typename T, std::size_t kCount>
StatusOr<T> Named(const AttrMap& attrs, const char* attr, const char* otherwise,
                  const std::pair<const char*, T> (&choices)[kCount]) {
  const std::string name = attrs.String(attr, otherwise);
  std::string known;
  for (const auto& [choice, value] : choices) {
    if (name == choice) return value;
    absl::StrAppend(&known, known.empty() ? "" : ", ", choice);
  }
  return InvalidArgument(attr, " is '", name, "', expected one of ", known);
}

// Position in the input of an output position.
double Coordinate(const ResizeRule& rule, const AxisResize& axis, double x) {
  const auto in = static_cast<double>(axis.in);
  const double length = axis.scale * in;  // of the output before it was rounded
  switch (rule.coordinates) {
    case ResizeCoordinates::kHalfPixel: return (x + 0.5) / axis.scale - 0.5 + rule.shift;
    case ResizeCoordinates::kHalfPixelSymmetric: {
      const double adjustment = static_cast<double>(axis.out) / length;
      return in / 2 * (1 - adjustment) + (x + 0.5) / axis.scale - 0.5;
    }
    case ResizeCoordinates::kPytorchHalfPixel:
      return axis.out > 1 ? (x + 0.5) / axis.scale - 0.5 : 0;
    case ResizeCoordinates::kAlignCorners: return axis.out == 1 ? 0 : x * (in - 1) / (length - 1);
    case ResizeCoordinates::kAsymmetric: return x / axis.scale;
    case ResizeCoordinates::kTfCropAndResize: break;
  }
  const double span = (axis.roi_end - axis.roi_begin) * (in - 1);
  if (axis.out == 1) return (axis.roi_begin + axis.roi_end) * (in - 1) / 2;
  return axis.roi_begin * (in - 1) + x * span / static_cast<double>(axis.out - 1);
}

double Nearest(ResizeNearest rule, double x) {
  switch (rule) {
    case ResizeNearest::kRoundPreferFloor: return std::ceil(x - 0.5);
    case ResizeNearest::kRoundPreferCeil: return std::floor(x + 0.5);
    case ResizeNearest::kFloor: return std::floor(x);
    case ResizeNearest::kCeil: break;
  }
  return std::ceil(x);
}

// Weight at a distance in units of the support: a triangle, or the cubic of R. Keys (1981).
double Weight(const ResizeRule& rule, double distance) {
  const double x = std::abs(distance), a = rule.cubic_a;
  if (rule.mode == ResizeMode::kLinear) return std::max(0.0, 1 - x);
  if (x <= 1) return (a + 2) * x * x * x - (a + 3) * x * x + 1;
  return x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0;
}

Status CheckCount(const char* name, std::size_t count, std::size_t expected) {
  if (count == expected) return OkStatus();
  return InvalidArgument(name, " has ", count, " elements, expected ", expected);
}

// Sizes and scales under a policy that keeps the aspect ratio.
Status KeepAspectRatio(const std::string& policy, std::vector<AxisResize*>& axes) {
  if (policy == "stretch") return OkStatus();
  const bool larger = policy == "not_smaller";
  if (!larger && policy != "not_larger") {
    return InvalidArgument("keep_aspect_ratio_policy is '", policy,
                           "', expected stretch, not_larger or not_smaller");
  }
  if (axes.empty()) return OkStatus();
  double scale = axes[0]->scale;
  for (const AxisResize* axis : axes) {
    scale = larger ? std::max(scale, axis->scale) : std::min(scale, axis->scale);
  }
  for (AxisResize* axis : axes) {
    axis->scale = scale;
    axis->out = static_cast<std::int64_t>(std::floor(scale * static_cast<double>(axis->in) + 0.5));
  }
  return OkStatus();
}

Status ApplyScale(double scale, AxisResize* axis) {
  // fp32 as the scales are: 3 * 2.3333333f is 7, not a little less.
  const float size = static_cast<float>(scale) * static_cast<float>(axis->in);
  if (!(scale > 0) || !(size < 0x1p60f)) {
    return InvalidArgument("scale ", scale, " of a dimension of size ", axis->in);
  }
  axis->scale = scale;
  axis->out = static_cast<std::int64_t>(std::floor(size));
  return OkStatus();
}

Status ApplySize(std::int64_t size, AxisResize* axis) {
  if (size < 0 || (axis->in == 0 && size > 0)) {
    return InvalidArgument("size ", size, " for a dimension of size ", axis->in);
  }
  axis->out = size;
  axis->scale = axis->in == 0 || size == axis->in
                    ? 1
                    : static_cast<double>(size) / static_cast<double>(axis->in);
  return OkStatus();
}

}  // namespace

StatusOr<ResizeRule> ResizeRuleOf(const AttrMap& attrs) {
  ResizeRule rule;
  const std::pair<const char*, ResizeMode> modes[] = {{"nearest", ResizeMode::kNearest},
                                                      {"linear", ResizeMode::kLinear},
                                                      {"cubic", ResizeMode::kCubic}};
  PLUMB_ASSIGN_OR_RETURN(rule.mode, Named(attrs, "mode", "nearest", modes));
  const std::pair<const char*, ResizeCoordinates> coordinates[] = {
      {"half_pixel", ResizeCoordinates::kHalfPixel},
      {"tf_half_pixel_for_nn", ResizeCoordinates::kHalfPixel},
      {"half_pixel_symmetric", ResizeCoordinates::kHalfPixelSymmetric},
      {"pytorch_half_pixel", ResizeCoordinates::kPytorchHalfPixel},
      {"align_corners", ResizeCoordinates::kAlignCorners},
      {"asymmetric", ResizeCoordinates::kAsymmetric},
      {"tf_crop_and_resize", ResizeCoordinates::kTfCropAndResize}};
  PLUMB_ASSIGN_OR_RETURN(rule.coordinates,
                         Named(attrs, "coordinate_transformation_mode", "half_pixel", coordinates));
  const bool for_nearest =
      attrs.String("coordinate_transformation_mode", "") == "tf_half_pixel_for_nn";
  rule.shift = for_nearest ? 0.5 : 0;
  const std::pair<const char*, ResizeNearest> nearest[] = {
      {"round_prefer_floor", ResizeNearest::kRoundPreferFloor},
      {"round_prefer_ceil", ResizeNearest::kRoundPreferCeil},
      {"floor", ResizeNearest::kFloor},
      {"ceil", ResizeNearest::kCeil}};
  PLUMB_ASSIGN_OR_RETURN(rule.nearest, Named(attrs, "nearest_mode", "round_prefer_floor", nearest));
  rule.cubic_a = static_cast<double>(attrs.Float("cubic_coeff_a", -0.75f));
  rule.exclude_outside = attrs.Int("exclude_outside", 0) != 0;
  rule.antialias = attrs.Int("antialias", 0) != 0 && rule.mode != ResizeMode::kNearest;
  rule.extrapolation = static_cast<double>(attrs.Float("extrapolation_value", 0));
  return rule;
}

bool AxisResize::IsIdentity(const ResizeRule& rule) const {
  const bool crop = rule.coordinates == ResizeCoordinates::kTfCropAndResize;
  return in == out && scale == 1 && (!crop || (roi_begin == 0 && roi_end == 1));
}

Taps TapsOf(const ResizeRule& rule, const AxisResize& axis, std::int64_t position) {
  Taps taps;
  const double x = axis.IsIdentity(rule) ? static_cast<double>(position)
                                         : Coordinate(rule, axis, static_cast<double>(position));
  const auto last = static_cast<double>(axis.in - 1);
  const auto clamped = [&](double at) {
    if (!(at > 0)) return std::int64_t{0};  // NaN of a hostile box, too
    return static_cast<std::int64_t>(std::min(at, last));
  };
  taps.outside = rule.coordinates == ResizeCoordinates::kTfCropAndResize && (x < 0 || x > last);
  if (rule.mode == ResizeMode::kNearest) {
    taps.index.push_back(clamped(Nearest(rule.nearest, x)));
    taps.weight.push_back(1);
    return taps;
  }
  const double shrink = rule.antialias ? std::min(1.0, axis.scale) : 1.0;
  const double reach = rule.mode == ResizeMode::kLinear ? 1 : 2;
  const auto before = static_cast<std::int64_t>(std::ceil(reach / shrink)) - 1;
  double sum = 0;
  for (std::int64_t tap = -before; tap <= before + 1; ++tap) {
    const double at = std::floor(x) + static_cast<double>(tap);
    if (rule.exclude_outside && (at < 0 || at > last)) continue;
    taps.index.push_back(clamped(at));
    taps.weight.push_back(Weight(rule, (at - x) * shrink));
    sum += taps.weight.back();
  }
  if ((rule.exclude_outside || rule.antialias) && sum != 0) {
    for (double& weight : taps.weight) weight /= sum;
  }
  return taps;
}

StatusOr<std::vector<AxisResize>> ResolveResize(const Shape& in, const AttrMap& attrs,
                                                const ResizeRequest& request) {
  std::vector<AxisResize> all;
  for (std::int64_t size : in) all.push_back({.in = size, .out = size});
  std::vector<std::int64_t> named = attrs.Ints("axes");
  if (!attrs.Has("axes")) {
    named.resize(static_cast<std::size_t>(in.rank()));
    std::iota(named.begin(), named.end(), 0);
  }
  std::vector<AxisResize*> axes;
  for (std::int64_t axis : named) {
    PLUMB_ASSIGN_OR_RETURN(const int normal, NormalizeAxis(axis, in.rank()));
    axes.push_back(&all[static_cast<std::size_t>(normal)]);
  }
  if (request.scales.empty() == request.sizes.empty()) {
    return InvalidArgument("expected either scales or sizes, got ",
                           request.scales.empty() ? "neither" : "both");
  }
  if (!request.scales.empty()) {
    PLUMB_RETURN_IF_ERROR(CheckCount("scales", request.scales.size(), axes.size()));
    for (std::size_t i = 0; i < axes.size(); ++i) {
      PLUMB_RETURN_IF_ERROR(ApplyScale(request.scales[i], axes[i]));
    }
  } else {
    PLUMB_RETURN_IF_ERROR(CheckCount("sizes", request.sizes.size(), axes.size()));
    for (std::size_t i = 0; i < axes.size(); ++i) {
      PLUMB_RETURN_IF_ERROR(ApplySize(request.sizes[i], axes[i]));
    }
    PLUMB_RETURN_IF_ERROR(
        KeepAspectRatio(attrs.String("keep_aspect_ratio_policy", "stretch"), axes));
  }
  if (attrs.String("coordinate_transformation_mode", "") == "tf_crop_and_resize") {
    PLUMB_RETURN_IF_ERROR(CheckCount("roi", request.roi.size(), 2 * axes.size()));
    for (std::size_t i = 0; i < axes.size(); ++i) {
      axes[i]->roi_begin = request.roi[i];
      axes[i]->roi_end = request.roi[axes.size() + i];
    }
  }
  return all;
}

}  // namespace plumb::ops
