// BatchNormalization: each channel scaled and shifted by its statistics, which are given, or with
// training_mode are those of the batch.
#include <cmath>
#include <numeric>
#include <vector>

#include "ops/cost.h"
#include "ops/dim_text.h"
#include "ops/expression.h"
#include "ops/norm_lower.h"
#include "ops/number.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "BatchNormalization";
  op.doc =
      "Y = (X - mean) / sqrt(var + epsilon) * scale + B per channel; training_mode takes mean "
      "and var of the batch and moves the running ones by 1 - momentum";
  op.since_opset = 7;
  op.inputs = {{"X", "T=float"},
               {"scale", "T1=float"},
               {"B", "T1"},
               {"input_mean", "T2=float"},
               {"input_var", "T2"}};
  op.outputs = {{"Y", "T"},
                {"running_mean", "T2", Arity::kOptional},
                {"running_var", "T2", Arity::kOptional}};
  op.attrs = {{"epsilon", AttrType::kFloat},
              {"momentum", AttrType::kFloat},
              {"training_mode", AttrType::kInt}};
  op.layout = LayoutRule::kChannelsLast;
  op.inplace_inputs = {0};
  op.differentiability = Differentiability::kYes;
  return op;
}

bool IsTraining(const AttrMap& attrs) { return attrs.Int("training_mode", 0) != 0; }

double Epsilon(const AttrMap& attrs) { return attrs.Float("epsilon", 1e-5f); }

// Before opset 14 a node with more than one output was one of training; before 9 there was
// `spatial`, whose other value gave statistics per pixel.
Status Upgrade(UpgradeContext& context) {
  if (context.opset() < 9) {
    if (context.attrs.Int("spatial", 1) != 1) {
      return Unimplemented("attribute 'spatial' is ", context.attrs.Int("spatial", 1),
                           ", supported is 1");
    }
    context.attrs.Erase("spatial");
  }
  if (context.opset() < 14 && context.num_outputs > 1) {
    if (context.num_outputs > 3) {
      return Unimplemented("has ", context.num_outputs,
                           " outputs; saved_mean and saved_var are not supported");
    }
    context.attrs.Set("training_mode", std::int64_t{1});
  }
  return OkStatus();
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  const ValueInfo& x = context.input(0);
  context.SetOutput(0, x.dtype, x.dims);
  std::optional<Dim> channels;
  if (x.dims.has_value()) {
    if (x.dims->empty()) return InvalidArgument("input is a scalar, expected 2 dimensions or more");
    channels = x.dims->size() > 1 ? (*x.dims)[1] : Dim(1);
  }
  for (int i = 1; i < 5; ++i) {
    if (!context.has_dims(i)) continue;
    const DimVector& dims = context.dims(i);
    const bool fits = dims.size() == 1 && (!channels || !channels->is_constant() ||
                                           !dims[0].is_constant() || dims[0] == *channels);
    if (!fits) {
      return InvalidArgument("input ", i, " has shape ", DimsText(dims), ", expected [",
                             channels ? DimText(*channels) : "channels", "]");
    }
  }
  if (context.num_outputs() > 1 && !IsTraining(context.attrs())) {
    return InvalidArgument("has ", context.num_outputs(),
                           " outputs, expected 1 without training_mode");
  }
  context.SetOutput(1, context.dtype(3), context.input(3).dims);
  context.SetOutput(2, context.dtype(4), context.input(4).dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
struct Statistics {
  std::vector<double> mean, variance;
};

// x: [batch, channels, pixels]
Statistics BatchStatistics(const std::vector<double>& x, std::int64_t batch, std::int64_t channels,
                           std::int64_t pixels) {
  Statistics s;
  const double count = static_cast<double>(batch * pixels);
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto sum = [&](double around, bool squared) {
      double total = 0;
      for (std::int64_t n = 0; n < batch; ++n) {
        for (std::int64_t p = 0; p < pixels; ++p) {
          const double d = x[static_cast<std::size_t>((n * channels + c) * pixels + p)] - around;
          total += squared ? d * d : d;
        }
      }
      return total;
    };
    s.mean.push_back(sum(0, false) / count);
    s.variance.push_back(sum(s.mean.back(), true) / count);
  }
  return s;
}

Status CheckVectors(const ReferenceContext& context, std::int64_t channels) {
  for (int i = 1; i < 5; ++i) {
    if (context.input(i).shape() != Shape{channels}) {
      return InvalidArgument("input ", i, " has shape ", context.input(i).shape().ToString(),
                             ", expected ", channels);
    }
  }
  return OkStatus();
}

Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  if (x.rank() < 1) return InvalidArgument("input is a scalar, expected 2 dimensions or more");
  const std::int64_t batch = x.shape()[0];
  const std::int64_t channels = x.rank() > 1 ? x.shape()[1] : 1;
  PLUMB_RETURN_IF_ERROR(CheckVectors(context, channels));
  const std::int64_t images = batch * channels;
  const std::int64_t pixels = images == 0 ? 0 : x.num_elements() / images;
  std::vector<double> values = ToDoubles(x);
  Statistics s = {ToDoubles(context.input(3)), ToDoubles(context.input(4))};
  if (IsTraining(context.attrs())) {
    const Statistics old = s;
    s = BatchStatistics(values, batch, channels, pixels);
    const double momentum = context.attrs().Float("momentum", 0.9f);
    const auto move = [&](int output, const std::vector<double>& from,
                          const std::vector<double>& to) {
      if (!context.wants_output(output)) return;
      std::vector<double> moved(from.size());
      for (std::size_t c = 0; c < from.size(); ++c) {
        moved[c] = from[c] * momentum + to[c] * (1 - momentum);
      }
      context.SetOutput(output,
                        FromDoubles(context.input(output + 2).dtype(), Shape{channels}, moved));
    };
    move(1, old.mean, s.mean);
    move(2, old.variance, s.variance);
  }
  const std::vector<double> scale = ToDoubles(context.input(1)),
                            shift = ToDoubles(context.input(2));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t c = i / static_cast<std::size_t>(pixels) % static_cast<std::size_t>(channels);
    const double inverse = 1 / std::sqrt(s.variance[c] + Epsilon(context.attrs()));
    values[i] = (values[i] - s.mean[c]) * inverse * scale[c] + shift[c];
  }
  context.SetOutput(0, FromDoubles(x.dtype(), x.shape(), values));
  return OkStatus();
}

// --- gradient ---------------------------------------------------------------------------------
// With h = (x - mean) * inverse: dscale = sum dy h, dB = sum dy, and dx as below.
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), dy = GradientOf(context);
  if (context.output_gradient(1) != kNoValue || context.output_gradient(2) != kNoValue) {
    return Unimplemented("running_mean and running_var have no gradient");
  }
  if (!dy.present()) return OkStatus();
  if (!x.rank() || *x.rank() < 2) return Unimplemented("gradient needs the rank of the input");
  std::vector<std::int64_t> trailing(static_cast<std::size_t>(*x.rank() - 2));
  std::iota(trailing.begin(), trailing.end(), 1);
  std::vector<std::int64_t> all_but_channels = {0};
  for (std::int64_t axis = 2; axis < *x.rank(); ++axis) all_but_channels.push_back(axis);
  const auto per_channel = [&](const Expr& vector) {
    return trailing.empty() ? vector : Unsqueeze(Cast(vector, x.dtype()), trailing);
  };
  const auto sum = [&](const Expr& e) {
    return Reduce("ReduceSum", e, all_but_channels, /*keep=*/false);
  };
  const auto mean_of = [&](const Expr& e) {
    return Reduce("ReduceMean", e, all_but_channels, /*keep=*/true);
  };
  const AttrMap attrs = context.node().attrs;
  const bool training = IsTraining(attrs);
  const Expr mean = training ? mean_of(x) : per_channel(InputOf(context, 3));
  const Expr centred = x - mean;
  const Expr variance = training ? mean_of(Square(centred)) : per_channel(InputOf(context, 4));
  const Expr inverse = 1.0 / Sqrt(variance + Epsilon(attrs));
  const Expr h = centred * inverse;
  const Expr factor = per_channel(InputOf(context, 1)) * inverse;
  const Expr dscale = sum(dy * h), dshift = sum(dy);
  context.SetInputGradient(1, dscale.id());
  context.SetInputGradient(2, dshift.id());
  if (training) {
    context.SetInputGradient(0, (factor * (dy - mean_of(dy) - h * mean_of(dy * h))).id());
    return context.builder().status();
  }
  context.SetInputGradient(0, (dy * factor).id());
  context.SetInputGradient(3, sum(-(dy * factor)).id());
  context.SetInputGradient(4, sum(dy * h * factor * inverse * -0.5).id());
  return context.builder().status();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) {
  return CostPerOutput(node, IsTraining(node.node->attrs) ? 8 : 2);
}

// --- lowering ---------------------------------------------------------------------------------
// Inference with constant statistics is y = scale * x + shift.
std::optional<ChannelAffine> AsAffine(const Graph& graph, const Node& node) {
  if (IsTraining(node.attrs)) return std::nullopt;
  std::vector<double> values[4];
  for (int i = 0; i < 4; ++i) {
    if (!graph.IsConstant(node.input(i + 1))) return std::nullopt;
    const Tensor& tensor = graph.value(node.input(i + 1)).constant;
    if (tensor.dtype() != DType::kFloat32) return std::nullopt;
    values[i] = ToDoubles(tensor);
    if (values[i].size() != values[0].size()) return std::nullopt;
  }
  ChannelAffine affine;
  for (std::size_t c = 0; c < values[0].size(); ++c) {
    const double scale = values[0][c] / std::sqrt(values[3][c] + Epsilon(node.attrs));
    affine.scale.push_back(static_cast<float>(scale));
    affine.shift.push_back(static_cast<float>(values[1][c] - values[2][c] * scale));
  }
  return affine;
}

Status Lower(LowerContext& context) {
  if (IsTraining(context.attrs())) return OkStatus();
  return LowerBatchNorm(context, static_cast<float>(Epsilon(context.attrs())));
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto sample = [](const char* name, Sizes x, bool constant, AttrMap attrs, int outputs) {
    const Sizes channels = {x[1]};
    std::vector<SampleInput> inputs = {F32(std::move(x)), F32(channels, 0.5, 2), F32(channels),
                                       F32(channels), F32(channels, 0.5, 2)};
    for (std::size_t i = 1; i < inputs.size(); ++i) inputs[i].constant = constant;
    return Sample{name, std::move(inputs), std::move(attrs), outputs, 1e-5, outputs == 1};
  };
  const AttrMap training = Attrs({{"training_mode", std::int64_t{1}}});
  const AttrMap epsilon = Attrs({{"epsilon", 0.1f}});
  return {
      sample("image", {2, 17, 5, 3}, true, {}, 1),
      sample("16 channels", {1, 16, 7, 7}, true, epsilon, 1),
      sample("statistics given at run time", {2, 3, 4, 5}, false, {}, 1),
      sample("rows", {5, 3}, true, {}, 1),
      sample("one pixel", {1, 3, 1, 1}, true, {}, 1),
      sample("three dimensions", {1, 2, 3, 2, 4}, true, {}, 1),
      sample("empty batch", {0, 3, 2, 2}, true, {}, 1),
      sample("training", {3, 4, 3, 2}, false, training, 1),
      sample("training with outputs", {3, 4, 3, 2}, false, training, 3),
  };
}

}  // namespace

const OpDef& BatchNormalizationOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = CostOf;
    op.lower = Lower;
    op.upgrade = Upgrade;
    op.as_affine = AsAffine;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
