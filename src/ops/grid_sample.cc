// GridSample: samples X at the positions that `grid` names, from -1 (first) to 1 (last) on each
// axis,
//   X [N, C, D1 ... Dr], grid [N, P1 ... Pr, r] (last spatial dimension first) -> [N, C, P1 ...
//   Pr].
// mode: linear, nearest or cubic (a = -0.75); beyond the input there are zeros, the border or its
// reflection. Opsets: 16 (bilinear, bicubic; two dimensions), 20.
#include <algorithm>
#include <cmath>
#include <utility>

#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

enum class Mode { kLinear, kNearest, kCubic };
enum class Padding { kZeros, kBorder, kReflection };

struct GridRule {
  Mode mode = Mode::kLinear;
  Padding padding = Padding::kZeros;
  bool align_corners = false;
};

StatusOr<GridRule> RuleOf(const AttrMap& attrs) {
  GridRule rule;
  const std::string mode = attrs.String("mode", "linear");
  if (mode == "nearest") {
    rule.mode = Mode::kNearest;
  } else if (mode == "cubic" || mode == "bicubic") {
    rule.mode = Mode::kCubic;
  } else if (mode != "linear" && mode != "bilinear") {
    return InvalidArgument("mode is '", mode, "', expected linear, nearest or cubic");
  }
  const std::string padding = attrs.String("padding_mode", "zeros");
  if (padding == "border") {
    rule.padding = Padding::kBorder;
  } else if (padding == "reflection") {
    rule.padding = Padding::kReflection;
  } else if (padding != "zeros") {
    return InvalidArgument("padding_mode is '", padding, "', expected zeros, border or reflection");
  }
  rule.align_corners = attrs.Int("align_corners", 0) != 0;
  return rule;
}

Status CheckShapes(const Shape& input, const Shape& grid) {
  if (input.rank() >= 3 && grid.rank() == input.rank() && grid.back() == input.rank() - 2 &&
      grid[0] == input[0]) {
    return OkStatus();
  }
  return InvalidArgument("X and grid have shapes ", input.ToString(), " and ", grid.ToString(),
                         ", expected [N, C, D1 ... Dr] and [N, P1 ... Pr, r]");
}

// --- shape inference ---
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(RuleOf(context.attrs()).status());
  context.SetOutput(0, context.dtype(0), std::nullopt);
  if (!context.has_dims(0) || !context.has_dims(1)) return OkStatus();
  const DimVector &input = context.dims(0), &grid = context.dims(1);
  if (input.size() < 3 || grid.size() != input.size()) {
    return InvalidArgument("X has rank ", input.size(), " and grid ", grid.size(),
                           ", expected the same rank of 3 or more");
  }
  const auto shape = ConcreteShape(input), grid_shape = ConcreteShape(grid);
  if (shape.has_value() && grid_shape.has_value()) {
    PLUMB_RETURN_IF_ERROR(CheckShapes(*shape, *grid_shape));
  }
  DimVector out = input;
  for (std::size_t i = 2; i < out.size(); ++i) out[i] = grid[i - 1];
  context.SetOutput(0, context.dtype(0), out);
  return OkStatus();
}

// --- reference ---
// Mirrors a position at both ends of [low, high] until it lies inside.
double Reflect(double x, double low, double high) {
  const double range = high - low;
  if (!(range > 0) || !std::isfinite(x)) return low;
  double phase = std::fmod(x - low, 2 * range);
  if (phase < 0) phase += 2 * range;
  return low + (phase <= range ? phase : 2 * range - phase);
}

// The positions of one axis that a coordinate reads, -1 for a zero, with their weights.
struct AxisTaps {
  int count = 1;
  std::int64_t index[4] = {-1, -1, -1, -1};
  double weight[4] = {1, 0, 0, 0};
};

std::int64_t PixelAt(double at, std::int64_t size, const GridRule& rule) {
  const auto last = static_cast<double>(size - 1);
  if (at >= 0 && at <= last) return static_cast<std::int64_t>(at);
  if (rule.padding == Padding::kZeros || std::isnan(at)) return -1;
  if (rule.padding == Padding::kBorder) return at < 0 ? 0 : size - 1;
  const double edge = rule.align_corners ? 0 : 0.5;
  return static_cast<std::int64_t>(std::clamp(Reflect(at, -edge, last + edge), 0.0, last));
}

double CubicWeight(double distance) {
  constexpr double a = -0.75;
  const double x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

AxisTaps TapsAt(double coordinate, std::int64_t size, const GridRule& rule) {
  AxisTaps taps;
  const auto length = static_cast<double>(size), last = length - 1;
  double x = rule.align_corners ? (coordinate + 1) / 2 * last : ((coordinate + 1) * length - 1) / 2;
  if (rule.mode == Mode::kNearest) x = std::nearbyint(x);
  const double edge = rule.align_corners ? 0 : 0.5;
  if (x < -edge || x > last + edge) {
    if (rule.padding == Padding::kBorder) x = std::clamp(x, 0.0, last);
    if (rule.padding == Padding::kReflection) x = Reflect(x, -edge, last + edge);
  }
  if (rule.mode == Mode::kNearest) {
    taps.index[0] = PixelAt(x, size, rule);
    return taps;
  }
  const double base = std::floor(x);
  const int before = rule.mode == Mode::kCubic ? 1 : 0;
  taps.count = rule.mode == Mode::kCubic ? 4 : 2;
  for (int t = 0; t < taps.count; ++t) {
    const double at = base + t - before;
    taps.index[t] = PixelAt(at, size, rule);
    taps.weight[t] =
        rule.mode == Mode::kCubic ? CubicWeight(at - x) : std::max(0.0, 1 - std::abs(at - x));
  }
  return taps;
}

// Weighted positions of one map for one grid point.
void Expand(const double* point, const Shape& in, const GridRule& rule,
            std::vector<std::pair<std::int64_t, double>>* weighted) {
  weighted->assign(1, {0, 1.0});
  const int spatial = in.rank() - 2;
  for (int axis = 0; axis < spatial; ++axis) {
    const std::int64_t size = in[2 + axis];
    const AxisTaps taps = TapsAt(point[spatial - 1 - axis], size, rule);
    std::vector<std::pair<std::int64_t, double>> next;
    for (const auto& [position, weight] : *weighted) {
      for (int t = 0; t < taps.count; ++t) {
        if (taps.index[t] < 0) continue;
        next.emplace_back(position * size + taps.index[t], weight * taps.weight[t]);
      }
    }
    *weighted = std::move(next);
  }
}

Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const GridRule rule, RuleOf(context.attrs()));
  const Shape &in = context.input(0).shape(), &grid = context.input(1).shape();
  PLUMB_RETURN_IF_ERROR(CheckShapes(in, grid));
  Shape out = in;
  std::int64_t points = 1, map_size = 1;
  for (int i = 2; i < in.rank(); ++i) {
    out[i] = grid[i - 1];
    points *= out[i];
    map_size *= in[i];
  }
  PLUMB_ASSIGN_OR_RETURN(const Shape checked, MakeShape(out.span()));
  const DType type = context.input(0).dtype();
  PLUMB_RETURN_IF_ERROR(context.Allocate(0, type, checked).status());
  const std::vector<double> maps = ToDoubles(context.input(0)),
                            positions = ToDoubles(context.input(1));
  std::vector<double> values(static_cast<std::size_t>(NumElements(out)), 0);
  std::vector<std::pair<std::int64_t, double>> weighted;
  const int spatial = in.rank() - 2;
  for (std::int64_t i = 0; i < in[0] * points && map_size > 0; ++i) {
    Expand(positions.data() + i * spatial, in, rule, &weighted);
    const std::int64_t batch = i / points, point = i % points;
    for (std::int64_t channel = 0; channel < in[1]; ++channel) {
      const double* map = maps.data() + (batch * in[1] + channel) * map_size;
      double sum = 0;
      for (const auto& [position, weight] : weighted) sum += weight * map[position];
      values[static_cast<std::size_t>((batch * in[1] + channel) * points + point)] = sum;
    }
  }
  context.SetOutput(0, FromDoubles(type, out, values));
  return OkStatus();
}

// --- cost ---
Cost CostOf(const ConcreteNode& node) {
  const std::string mode = node.node->attrs.String("mode", "linear");
  return CostPerOutput(node, mode == "nearest" ? 1 : mode.ends_with("cubic") ? 32 : 8);
}

// --- samples ---
std::vector<Sample> Samples() {
  std::vector<Sample> samples;
  for (const char* mode : {"linear", "nearest", "cubic"}) {
    for (const char* padding : {"zeros", "border", "reflection"}) {
      samples.push_back({.name = std::string(mode) + "_" + padding,
                         .inputs = {F32({2, 3, 4, 5}), F32({2, 3, 2, 2}, -1.6, 1.6)},
                         .attrs = Attrs({{"mode", mode}, {"padding_mode", padding}})});
    }
  }
  samples.push_back({.name = "align_corners",
                     .inputs = {F32({1, 2, 4, 5}), F32({1, 3, 3, 2}, -1.2, 1.2)},
                     .attrs = Attrs({{"align_corners", 1}})});
  samples.push_back({.name = "volume", .inputs = {F32({1, 2, 3, 4, 2}), F32({1, 2, 2, 3, 3})}});
  return samples;
}

}  // namespace

const OpDef& GridSampleOp() {
  static const OpDef op{
      .name = "GridSample",
      .doc = "X sampled at the positions that `grid` names, from -1 to 1 on each axis",
      .since_opset = 16,
      .inputs = {{"X", "T1=float"}, {"grid", "float"}},
      .outputs = {{"Y", "T1=float"}},
      .attrs = {{"mode", AttrType::kString},
                {"padding_mode", AttrType::kString},
                {"align_corners", AttrType::kInt}},
      .infer = Infer,
      .reference = Reference,
      .cost = CostOf,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
