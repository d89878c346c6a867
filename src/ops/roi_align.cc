// RoiAlign: cuts boxes out of feature maps and resamples each to [output_height, output_width]:
// every output bin is the mean (or maximum) of bilinear samples on a regular grid inside it (He et
// al., "Mask R-CNN", 2017).
//   X [N, C, H, W], rois [R, 4] of x1 y1 x2 y2, batch_indices [R] -> [R, C, output_height, width]
// Opsets: 10, 16 (coordinate_transformation_mode; before, no half pixel was taken off).
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

struct RoiRule {
  bool maximum = false, half_pixel = true;
  std::int64_t height = 1, width = 1, sampling = 0;
  double scale = 1;
};

StatusOr<RoiRule> RuleOf(const AttrMap& attrs) {
  RoiRule rule;
  const std::string mode = attrs.String("mode", "avg");
  if (mode != "avg" && mode != "max") {
    return InvalidArgument("mode is '", mode, "', expected avg or max");
  }
  const std::string coordinates = attrs.String("coordinate_transformation_mode", "half_pixel");
  if (coordinates != "half_pixel" && coordinates != "output_half_pixel") {
    return InvalidArgument("coordinate_transformation_mode is '", coordinates,
                           "', expected half_pixel or output_half_pixel");
  }
  rule.maximum = mode == "max";
  rule.half_pixel = coordinates == "half_pixel";
  rule.height = attrs.Int("output_height", 1);
  rule.width = attrs.Int("output_width", 1);
  rule.sampling = attrs.Int("sampling_ratio", 0);
  rule.scale = static_cast<double>(attrs.Float("spatial_scale", 1));
  if (rule.height < 1 || rule.width < 1 || rule.sampling < 0 || rule.sampling > 1024) {
    return InvalidArgument("output_height is ", rule.height, ", output_width ", rule.width,
                           ", sampling_ratio ", rule.sampling);
  }
  return rule;
}

Status CheckShapes(const Shape& input, const Shape& rois, const Shape& batches) {
  if (input.rank() == 4 && rois.rank() == 2 && rois[1] == 4 && batches.rank() == 1 &&
      batches[0] == rois[0]) {
    return OkStatus();
  }
  return InvalidArgument("X, rois and batch_indices have shapes ", input.ToString(), ", ",
                         rois.ToString(), " and ", batches.ToString(),
                         ", expected [N, C, H, W], [R, 4] and [R]");
}

// --- shape inference ---
Status Infer(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const RoiRule rule, RuleOf(context.attrs()));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  if (!context.has_dims(0) || !context.has_dims(1) || !context.has_dims(2)) return OkStatus();
  const DimVector &input = context.dims(0), &rois = context.dims(1);
  if (input.size() != 4 || rois.size() != 2) {
    return InvalidArgument("X has rank ", input.size(), " and rois ", rois.size(),
                           ", expected 4 and 2");
  }
  const auto shape = ConcreteShape(input), roi_shape = ConcreteShape(rois);
  const auto batches = ConcreteShape(context.dims(2));
  if (shape.has_value() && roi_shape.has_value() && batches.has_value()) {
    PLUMB_RETURN_IF_ERROR(CheckShapes(*shape, *roi_shape, *batches));
  }
  context.SetOutput(0, context.dtype(0),
                    DimVector{rois[0], input[1], Dim(rule.height), Dim(rule.width)});
  return OkStatus();
}

// --- reference ---
// One bilinear sample: four positions of a map and their weights, all zero outside of it.
struct Sample4 {
  std::int64_t at[4] = {0, 0, 0, 0};
  double weight[4] = {0, 0, 0, 0};
};

Sample4 SampleAt(double y, double x, std::int64_t height, std::int64_t width) {
  Sample4 sample;
  if (y < -1 || y > static_cast<double>(height) || x < -1 || x > static_cast<double>(width)) {
    return sample;
  }
  const auto clamped = [](double value, std::int64_t size, std::int64_t* low, std::int64_t* high) {
    value = std::max(value, 0.0);
    *low = std::min(static_cast<std::int64_t>(value), size - 1);
    *high = std::min(*low + 1, size - 1);
    return *high == *low ? 0.0 : value - static_cast<double>(*low);
  };
  std::int64_t top = 0, bottom = 0, left = 0, right = 0;
  const double down = clamped(y, height, &top, &bottom);
  const double along = clamped(x, width, &left, &right);
  sample = {
      {top * width + left, top * width + right, bottom * width + left, bottom * width + right},
      {(1 - down) * (1 - along), (1 - down) * along, down * (1 - along), down * along}};
  return sample;
}

// The samples of every bin of one box, bin by bin.
StatusOr<std::vector<Sample4>> SamplesOf(const double* roi, const RoiRule& rule,
                                         std::int64_t height, std::int64_t width,
                                         std::int64_t* per_bin) {
  constexpr double kMostSamples = 1 << 22;
  const double offset = rule.half_pixel ? 0.5 : 0;
  const double left = roi[0] * rule.scale - offset, top = roi[1] * rule.scale - offset;
  double box_width = roi[2] * rule.scale - offset - left;
  double box_height = roi[3] * rule.scale - offset - top;
  if (!rule.half_pixel) {
    box_width = std::max(box_width, 1.0);
    box_height = std::max(box_height, 1.0);
  }
  const auto bins_y = static_cast<double>(rule.height), bins_x = static_cast<double>(rule.width);
  const auto sampling = static_cast<double>(rule.sampling);
  const double grid_y = std::max(0.0, sampling > 0 ? sampling : std::ceil(box_height / bins_y));
  const double grid_x = std::max(0.0, sampling > 0 ? sampling : std::ceil(box_width / bins_x));
  if (!std::isfinite(left + top) || !(grid_y * grid_x * bins_y * bins_x <= kMostSamples)) {
    return InvalidArgument("box ", roi[0], " ", roi[1], " ", roi[2], " ", roi[3],
                           " is not finite or needs more than ", kMostSamples, " samples");
  }
  *per_bin = static_cast<std::int64_t>(grid_y * grid_x);
  std::vector<Sample4> samples;
  for (double bin_y = 0; bin_y < bins_y; ++bin_y) {
    for (double bin_x = 0; bin_x < bins_x; ++bin_x) {
      for (double i = 0; i < grid_y; ++i) {
        for (double j = 0; j < grid_x; ++j) {
          const double y = top + box_height / bins_y * (bin_y + (i + 0.5) / grid_y);
          const double x = left + box_width / bins_x * (bin_x + (j + 0.5) / grid_x);
          samples.push_back(SampleAt(y, x, height, width));
        }
      }
    }
  }
  return samples;
}

// The mean of the samples; or the largest weighted corner, as ONNX defines the maximum.
double Pool(const double* map, const Sample4* samples, std::int64_t count, bool maximum) {
  double sum = 0, largest = -std::numeric_limits<double>::infinity();
  for (std::int64_t s = 0; s < count; ++s) {
    for (int corner = 0; corner < 4; ++corner) {
      const double value = samples[s].weight[corner] * map[samples[s].at[corner]];
      sum += value;
      largest = std::max(largest, value);
    }
  }
  if (count == 0) return 0;
  return maximum ? largest : sum / static_cast<double>(count);
}

Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const RoiRule rule, RuleOf(context.attrs()));
  const Shape& in = context.input(0).shape();
  PLUMB_RETURN_IF_ERROR(CheckShapes(in, context.input(1).shape(), context.input(2).shape()));
  const std::int64_t boxes = context.input(1).shape()[0];
  PLUMB_ASSIGN_OR_RETURN(const Shape out,
                         MakeShape(Shape{boxes, in[1], rule.height, rule.width}.span()));
  const DType type = context.input(0).dtype();
  PLUMB_RETURN_IF_ERROR(context.Allocate(0, type, out).status());
  if (in[2] == 0 || in[3] == 0) return OkStatus();
  const std::vector<double> maps = ToDoubles(context.input(0)), rois = ToDoubles(context.input(1));
  const std::vector<std::int64_t> batches = ToInt64s(context.input(2));
  std::vector<double> values;
  for (std::int64_t box = 0; box < boxes; ++box) {
    const std::int64_t batch = batches[static_cast<std::size_t>(box)];
    if (batch < 0 || batch >= in[0]) {
      return InvalidArgument("batch index ", batch, " is outside of [0, ", in[0] - 1, "]");
    }
    std::int64_t per_bin = 0;
    PLUMB_ASSIGN_OR_RETURN(const std::vector<Sample4> samples,
                           SamplesOf(rois.data() + box * 4, rule, in[2], in[3], &per_bin));
    for (std::int64_t channel = 0; channel < in[1]; ++channel) {
      const double* map = maps.data() + (batch * in[1] + channel) * in[2] * in[3];
      for (std::int64_t bin = 0; bin < rule.height * rule.width; ++bin) {
        values.push_back(Pool(map, samples.data() + bin * per_bin, per_bin, rule.maximum));
      }
    }
  }
  context.SetOutput(0, FromDoubles(type, out, values));
  return OkStatus();
}

// --- cost ---
Cost CostOf(const ConcreteNode& node) {
  const auto sampling =
      static_cast<double>(std::max<std::int64_t>(2, node.node->attrs.Int("sampling_ratio", 0)));
  return CostPerOutput(node, 8 * sampling * sampling);
}

// --- upgrade ---
Status Upgrade(UpgradeContext& context) {
  if (context.opset() < 16) {
    context.attrs.Set("coordinate_transformation_mode", "output_half_pixel");
  }
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  const auto rois = Given(DType::kFloat32, {3, 4}, {1, 1, 6, 7, 0, 2, 3.5, 4, -2, 0, 9, 9});
  const auto batches = Given(DType::kInt64, {3}, {0, 1, 0});
  const auto attrs = [](const char* mode, std::int64_t sampling) {
    return Attrs({{"mode", mode},
                  {"output_height", 3},
                  {"output_width", 2},
                  {"sampling_ratio", sampling},
                  {"spatial_scale", 0.75f}});
  };
  return {
      {.name = "mean", .inputs = {F32({2, 3, 8, 7}), rois, batches}, .attrs = attrs("avg", 2)},
      {.name = "adaptive", .inputs = {F32({2, 3, 8, 7}), rois, batches}, .attrs = attrs("avg", 0)},
      {.name = "maximum", .inputs = {F32({2, 3, 8, 7}), rois, batches}, .attrs = attrs("max", 2)}};
}

}  // namespace

const OpDef& RoiAlignOp() {
  static const OpDef op{
      .name = "RoiAlign",
      .doc = "boxes of feature maps resampled to one size by means of bilinear samples",
      .since_opset = 10,
      .inputs = {{"X", "T1=float"}, {"rois", "T1=float"}, {"batch_indices", "index"}},
      .outputs = {{"Y", "T1=float"}},
      .attrs = {{"mode", AttrType::kString},
                {"output_height", AttrType::kInt},
                {"output_width", AttrType::kInt},
                {"sampling_ratio", AttrType::kInt},
                {"spatial_scale", AttrType::kFloat},
                {"coordinate_transformation_mode", AttrType::kString}},
      .infer = Infer,
      .reference = Reference,
      .cost = CostOf,
      .upgrade = Upgrade,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
