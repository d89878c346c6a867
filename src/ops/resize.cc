// Resize: resamples the dimensions of X to `sizes`, or by `scales`: each output element is a
// weighted sum of input elements, axis by axis (resize_sampling.h has the formulas). Opsets: 10
// (scales; asymmetric, floor), 11 (roi, sizes, coordinate rules), 13, 18 (antialias, axes,
// keep_aspect_ratio_policy), 19 (half_pixel_symmetric).
#include <algorithm>
#include <cmath>

#include "ops/content.h"
#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/lower.h"
#include "ops/resize_sampling.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

using kernels::ResizeCoordinates;

// --- shape inference ---
// What is known before it runs; nullopt when scales or sizes are not.
std::optional<ResizeRequest> KnownRequest(const InferContext& context) {
  ResizeRequest request;
  if (const Tensor* roi = context.constant(1); roi != nullptr) request.roi = ToDoubles(*roi);
  if (const Tensor* scales = context.constant(2); scales != nullptr) {
    request.scales = ToDoubles(*scales);
  } else if (context.has_input(2)) {
    return std::nullopt;
  }
  if (context.has_input(3)) {
    const auto sizes = context.ints(3);
    if (!sizes.has_value()) return std::nullopt;
    request.sizes = *sizes;
  }
  return request;
}

// A symbolic dimension times a whole scale; sizes that shape arithmetic carries.
DimVector SymbolicSizes(const InferContext& context, const ResizeRequest* request) {
  DimVector out = context.dims(0);
  const auto sizes = context.content(3);
  const bool all = !context.attrs().Has("axes");
  const bool stretch = context.attrs().String("keep_aspect_ratio_policy", "stretch") == "stretch";
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::optional<Dim> size;
    if (all && request != nullptr && request->scales.size() == out.size()) {
      const double scale = request->scales[i];
      if (scale >= 1 && scale < 1e6 && scale == std::floor(scale)) {
        size = Dim::Multiply(out[i], Dim(static_cast<std::int64_t>(scale)));
      }
    } else if (all && stretch && sizes.has_value() && sizes->size() == out.size()) {
      size = (*sizes)[i];
    }
    out[i] = size.has_value() ? *size : Dim::Anonymous();
  }
  return out;
}

Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(ResizeRuleOf(context.attrs()).status());
  context.SetOutput(0, context.dtype(0), std::nullopt);
  if (!context.has_dims(0)) return OkStatus();
  const auto request = KnownRequest(context);
  const auto in = ConcreteShape(context.dims(0));
  if (!request.has_value() || !in.has_value()) {
    context.SetOutput(0, context.dtype(0),
                      SymbolicSizes(context, request.has_value() ? &*request : nullptr));
    return OkStatus();
  }
  ResizeRequest complete = *request;
  // The box changes no size; one that only a run knows is stood in for.
  if (complete.roi.empty()) {
    complete.roi.assign(2 * std::max(complete.scales.size(), complete.sizes.size()), 0);
  }
  PLUMB_ASSIGN_OR_RETURN(const auto axes, ResolveResize(*in, context.attrs(), complete));
  DimVector out;
  for (const AxisResize& axis : axes) out.push_back(Dim(axis.out));
  context.SetOutput(0, context.dtype(0), out);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  ResizeRequest request;
  if (context.has_input(1)) request.roi = ToDoubles(context.input(1));
  if (context.has_input(2)) request.scales = ToDoubles(context.input(2));
  if (context.has_input(3)) request.sizes = ToInt64s(context.input(3));
  return ResampleReference(context, context.attrs(), request);
}

// --- gradient ---
// dx = dy times the transposed weights of each resized axis; sizes must be known.
Status Gradient(GradientContext& context) {
  Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  PLUMB_ASSIGN_OR_RETURN(const ResizeRule rule, ResizeRuleOf(context.node().attrs));
  const Expr input = InputOf(context, 0);
  const Graph& graph = context.builder().graph();
  ResizeRequest request;
  for (int i = 1; i <= 3; ++i) {
    const ValueId id = context.input(i);
    if (id == kNoValue) continue;
    if (!graph.IsConstant(id)) return Unimplemented("the gradient for an input ", i, " known late");
    const Tensor& constant = graph.value(id).constant;
    if (i == 3) {
      request.sizes = ToInt64s(constant);
    } else {
      (i == 1 ? request.roi : request.scales) = ToDoubles(constant);
    }
  }
  const auto in = input.dims() != nullptr ? ConcreteShape(*input.dims()) : std::nullopt;
  if (!in.has_value()) return Unimplemented("the gradient for an input of unknown size");
  PLUMB_ASSIGN_OR_RETURN(const auto axes, ResolveResize(*in, context.node().attrs, request));
  for (int a = 0; a < in->rank(); ++a) {
    const AxisResize& axis = axes[static_cast<std::size_t>(a)];
    if (axis.IsIdentity(rule)) continue;
    std::vector<double> weights(static_cast<std::size_t>(axis.out * axis.in), 0);
    for (std::int64_t o = 0; o < axis.out; ++o) {
      const Taps taps = TapsOf(rule, axis, o);
      for (std::size_t t = 0; t < taps.index.size() && !taps.outside; ++t) {
        weights[static_cast<std::size_t>(o * axis.in + taps.index[t])] += taps.weight[t];
      }
    }
    const Tensor matrix = FromDoubles(gradient.dtype(), Shape{axis.out, axis.in}, weights);
    std::vector<std::int64_t> swap;
    for (int i = 0; i < in->rank(); ++i) swap.push_back(i);
    std::swap(swap[static_cast<std::size_t>(a)], swap.back());
    const Expr weight(&context.builder(), context.builder().Constant(matrix));
    gradient = Transpose(Call("MatMul", {Transpose(gradient, swap), weight}), swap);
  }
  context.SetInputGradient(0, gradient.id());
  return context.builder().status();
}

// --- cost ---
Cost CostOf(const ConcreteNode& node) {
  const std::string mode = node.node->attrs.String("mode", "nearest");
  double ops = 0;
  for (int i = 0; mode != "nearest" && i < node.input_shapes[0].rank(); ++i) {
    if (node.input_shapes[0][i] != node.output_shapes[0][i]) ops += mode == "linear" ? 4 : 8;
  }
  return CostPerOutput(node, ops);
}

// --- lowering ---
// The kernel resamples up to three dimensions behind batch and channels.
bool FitsKernel(const Operand& input, const std::vector<AxisResize>& axes, const ResizeRule& rule) {
  const int rank = input.shape.rank();
  if (rank < 3 || rank > 5 || (input.dtype != DType::kFloat32 && input.dtype != DType::kUInt8)) {
    return false;
  }
  if (rule.shift != 0 || !axes[0].IsIdentity(rule) || !axes[1].IsIdentity(rule)) return false;
  for (const AxisResize& axis : axes) {
    if (axis.in == 0 || axis.out == 0) return false;
    // The kernel stretches to the rounded size, the definition to the one before rounding.
    const double length = axis.scale * static_cast<double>(axis.in);
    if (rule.coordinates == ResizeCoordinates::kAlignCorners &&
        std::abs(length - static_cast<double>(axis.out)) > 1e-6) {
      return false;
    }
  }
  return true;
}

kernels::ResizeProblem ProblemOf(const Operand& input, const Operand& output,
                                 const std::vector<AxisResize>& axes, const ResizeRule& rule) {
  kernels::ResizeProblem problem;
  problem.mode = rule.mode;
  problem.coordinates = rule.coordinates;
  problem.nearest = rule.nearest;
  problem.dtype = input.dtype;
  problem.cubic_a = static_cast<float>(rule.cubic_a);
  problem.exclude_outside = rule.exclude_outside;
  problem.antialias = rule.antialias;
  problem.extrapolation = static_cast<float>(rule.extrapolation);
  problem.batch = input.shape[0];
  problem.channels = input.shape[1];
  problem.in_batch = input.strides[0];
  problem.in_channel = input.strides[1];
  problem.out_batch = output.strides[0];
  problem.out_channel = output.strides[1];
  const int rank = input.shape.rank();
  for (int axis = 2; axis < rank; ++axis) {
    const int d = axis - rank + 3;
    const AxisResize& resize = axes[static_cast<std::size_t>(axis)];
    problem.in_sizes[d] = resize.in;
    problem.out_sizes[d] = resize.out;
    problem.scale[d] = resize.scale;
    problem.roi_begin[d] = resize.roi_begin;
    problem.roi_end[d] = resize.roi_end;
    problem.in_spatial[d] = input.strides[axis];
    problem.out_spatial[d] = output.strides[axis];
  }
  return problem;
}

Status Lower(LowerContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const ResizeRule rule, ResizeRuleOf(context.attrs()));
  ResizeRequest request;
  for (int i = 1; i <= 2; ++i) {
    if (!context.has_input(i)) continue;
    if (context.input(i).constant == nullptr) {
      if (i == 1 && rule.coordinates != ResizeCoordinates::kTfCropAndResize) continue;
      return OkStatus();
    }
    (i == 1 ? request.roi : request.scales) = ToDoubles(*context.input(i).constant);
  }
  if (context.has_input(3)) {
    const auto sizes = context.ints(3);
    if (!sizes.has_value()) return OkStatus();
    request.sizes = *sizes;
  }
  PLUMB_ASSIGN_OR_RETURN(const auto axes,
                         ResolveResize(context.input(0).shape, context.attrs(), request));
  if (!FitsKernel(context.input(0), axes, rule)) return OkStatus();
  const auto plan = std::make_shared<kernels::ResizePlan>();
  kernels::PlanResize(ProblemOf(context.input(0), context.output(0), axes, rule), plan.get());
  KernelChoice choice;
  choice.algorithm.id = 0;
  choice.name = "resize";
  choice.kernel = kernels::BindResize(plan.get(), context.target());
  choice.operands = {{OperandRef::kInput, 0}, {OperandRef::kOutput, 0}};
  choice.estimate.bytes = static_cast<double>(
      StorageBytes(context.input(0).dtype, NumElements(context.input(0).shape)) +
      StorageBytes(context.output(0).dtype, NumElements(context.output(0).shape)));
  choice.keep_alive = plan;
  context.Add(std::move(choice));
  return OkStatus();
}

// --- upgrade ---
// Opset 10 had X and scales only.
Status Upgrade(UpgradeContext& context) {
  if (context.opset() >= 11) return OkStatus();
  if (context.inputs.size() == 2) context.inputs.insert(context.inputs.begin() + 1, kNoValue);
  context.attrs.Set("coordinate_transformation_mode", "asymmetric");
  context.attrs.Set("nearest_mode", "floor");
  return OkStatus();
}

// --- samples ---
SampleInput Scales(std::vector<double> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return Constant(Given(DType::kFloat32, {count}, std::move(values)));
}

std::vector<Sample> RuleSamples() {
  const SampleInput image = F32({1, 3, 5, 4}), none = Omitted();
  const auto up = Scales({1, 1, 2, 2}), down = Scales({1, 1, 0.6, 0.5});
  const auto sizes = ConstantInts({1, 3, 8, 7});
  const auto with = [](std::initializer_list<std::pair<std::string_view, Attr>> attrs) {
    return Attrs(attrs);
  };
  const char* rule = "coordinate_transformation_mode";
  return {
      {.name = "nearest", .inputs = {image, none, up}},
      {.name = "nearest_asymmetric_floor",
       .inputs = {image, none, none, sizes},
       .attrs = with({{rule, "asymmetric"}, {"nearest_mode", "floor"}})},
      {.name = "nearest_ceil",
       .inputs = {image, none, down},
       .attrs = with({{"nearest_mode", "ceil"}})},
      {.name = "linear", .inputs = {image, none, up}, .attrs = with({{"mode", "linear"}})},
      {.name = "linear_down", .inputs = {image, none, down}, .attrs = with({{"mode", "linear"}})},
      {.name = "linear_align_corners",
       .inputs = {image, none, none, sizes},
       .attrs = with({{"mode", "linear"}, {rule, "align_corners"}})},
      {.name = "linear_pytorch",
       .inputs = {image, none, none, ConstantInts({1, 3, 1, 9})},
       .attrs = with({{"mode", "linear"}, {rule, "pytorch_half_pixel"}})},
      {.name = "linear_symmetric",
       .inputs = {image, none, down},
       .attrs = with({{"mode", "linear"}, {rule, "half_pixel_symmetric"}})},
      {.name = "linear_antialias",
       .inputs = {F32({1, 2, 9, 8}), none, Scales({1, 1, 0.4, 0.3})},
       .attrs = with({{"mode", "linear"}, {"antialias", 1}})},
      {.name = "crop",
       .inputs = {image, Scales({0, 0, 0.4, -0.2, 1, 1, 0.8, 1.1}), none,
                  ConstantInts({1, 3, 3, 6})},
       .attrs = with(
           {{"mode", "linear"}, {rule, "tf_crop_and_resize"}, {"extrapolation_value", 10.0f}})},
  };
}

std::vector<Sample> Samples() {
  const SampleInput image = F32({1, 3, 5, 4}), none = Omitted();
  const auto up = Scales({1, 1, 2, 2}), down = Scales({1, 1, 0.6, 0.5});
  const auto with = [](std::initializer_list<std::pair<std::string_view, Attr>> attrs) {
    return Attrs(attrs);
  };
  std::vector<Sample> samples = {
      {.name = "cubic", .inputs = {image, none, up}, .attrs = with({{"mode", "cubic"}})},
      {.name = "cubic_exclude_outside",
       .inputs = {image, none, down},
       .attrs = with({{"mode", "cubic"}, {"exclude_outside", 1}, {"cubic_coeff_a", -0.5f}})},
      {.name = "cubic_antialias",
       .inputs = {F32({1, 2, 9, 8}), none, Scales({1, 1, 0.4, 0.3})},
       .attrs = with({{"mode", "cubic"}, {"antialias", 1}})},
      {.name = "axes_not_larger",
       .inputs = {image, none, none, ConstantInts({10, 6})},
       .attrs = with({{"mode", "linear"},
                      {"axes", std::vector<std::int64_t>{2, 3}},
                      {"keep_aspect_ratio_policy", "not_larger"}})},
      {.name = "volume",
       .inputs = {F32({1, 2, 3, 4, 2}), none, Scales({1, 1, 2, 1.5, 3})},
       .attrs = with({{"mode", "linear"}})},
      {.name = "u8",
       .inputs = {Random(DType::kUInt8, {1, 3, 6, 5}, 0, 255), none, down},
       .attrs = with({{"mode", "linear"}}),
       .tolerance = 0.005},
      {.name = "matrix",
       .inputs = {F32({4, 3}), none, Scales({1.5, 2})},
       .attrs = with({{"mode", "linear"}})},
      {.name = "sizes_at_run_time",
       .inputs = {image, none, none, Given(DType::kInt64, {4}, {1, 3, 8, 7})},
       .attrs = with({{"mode", "linear"}}),
       .gradient = false},
  };
  for (Sample& sample : RuleSamples()) samples.push_back(std::move(sample));
  return samples;
}

}  // namespace

const OpDef& ResizeOp() {
  static const OpDef op{
      .name = "Resize",
      .doc = "resamples dimensions to `sizes` or by `scales`: nearest, linear or cubic",
      .since_opset = 10,
      .inputs = {{"X", "T1=any"},
                 {"roi", "float", Arity::kOptional},
                 {"scales", "float", Arity::kOptional},
                 {"sizes", "index", Arity::kOptional}},
      .outputs = {{"Y", "T1=any"}},
      .attrs = {{"mode", AttrType::kString},
                {"coordinate_transformation_mode", AttrType::kString},
                {"nearest_mode", AttrType::kString},
                {"cubic_coeff_a", AttrType::kFloat},
                {"exclude_outside", AttrType::kInt},
                {"extrapolation_value", AttrType::kFloat},
                {"antialias", AttrType::kInt},
                {"axes", AttrType::kInts},
                {"keep_aspect_ratio_policy", AttrType::kString}},
      .layout = LayoutRule::kChannelsLast,
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = Gradient,
      .cost = CostOf,
      .lower = Lower,
      .upgrade = Upgrade,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
