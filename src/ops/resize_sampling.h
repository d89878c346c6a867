// How Resize samples: which input positions, with which weights, make one output position of an
// axis. In fp64, from the formulas of the ONNX operator specification (Resize-19).
#pragma once

#include <cstdint>
#include <vector>

#include "graph/op_def.h"
#include "kernels/resize/resize.h"

namespace plumb::ops {

struct ResizeRule {
  kernels::ResizeMode mode = kernels::ResizeMode::kNearest;
  kernels::ResizeCoordinates coordinates = kernels::ResizeCoordinates::kHalfPixel;
  kernels::ResizeNearest nearest = kernels::ResizeNearest::kRoundPreferFloor;
  double cubic_a = -0.75;
  bool exclude_outside = false;
  bool antialias = false;
  double shift = 0;  // added to what half_pixel gives: 0.5 is tf_half_pixel_for_nn of opset 11
  double extrapolation = 0;
};

// Errors name the attribute and what it may be.
StatusOr<ResizeRule> ResizeRuleOf(const AttrMap& attrs);

struct AxisResize {
  std::int64_t in = 1, out = 1;
  double scale = 1;                   // as the model states it
  double roi_begin = 0, roi_end = 1;  // normalised, for tf_crop_and_resize
  // Every output position is the input position of the same number.
  bool IsIdentity(const ResizeRule& rule) const;
};

// The weighted positions of one output position.
struct Taps {
  std::vector<std::int64_t> index;  // in [0, in)
  std::vector<double> weight;
  bool outside = false;  // of the cropped box: holds the extrapolation value
};
Taps TapsOf(const ResizeRule& rule, const AxisResize& axis, std::int64_t position);

// What the optional inputs of Resize say, as far as they are known. Empty tensors count as omitted.
struct ResizeRequest {
  std::vector<double> scales, roi;
  std::vector<std::int64_t> sizes;
};

// One entry per dimension of `in`.
StatusOr<std::vector<AxisResize>> ResolveResize(const Shape& in, const AttrMap& attrs,
                                                const ResizeRequest& request);

// Output 0 of a node whose input 0 is resized so: the reference of Resize and of Upsample.
Status ResampleReference(ReferenceContext& context, const AttrMap& attrs,
                         const ResizeRequest& request);

}  // namespace plumb::ops
