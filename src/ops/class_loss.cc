#include "ops/class_loss.h"

#include <utility>

#include "ops/dim_text.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {

StatusOr<LossForm> ReadLossForm(const AttrMap& attrs) {
  LossForm form;
  const std::string text = attrs.String("reduction", "mean");
  if (text == "none") {
    form.reduction = LossForm::kNone;
  } else if (text == "sum") {
    form.reduction = LossForm::kSum;
  } else if (text != "mean") {
    return InvalidArgument("attribute 'reduction' is '", text, "', expected none, sum or mean");
  }
  if (attrs.Has("ignore_index")) form.ignore = attrs.Int("ignore_index", 0);
  return form;
}

// --- shape inference --------------------------------------------------------------------------
Status InferLoss(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const LossForm form, ReadLossForm(context.attrs()));
  if (context.has_dims(0) && context.dims(0).size() < 2) {
    return InvalidArgument("scores have ", context.dims(0).size(),
                           " dimensions, expected 2 or more (batch, classes)");
  }
  if (context.has_dims(0) && context.has_dims(1)) {
    const DimVector& scores = context.dims(0);
    const DimVector& labels = context.dims(1);
    bool fits = labels.size() + 1 == scores.size();
    for (std::size_t i = 0; fits && i < labels.size(); ++i) {
      const Dim& expected = scores[i == 0 ? 0 : i + 1];
      fits = !expected.is_constant() || !labels[i].is_constant() || labels[i] == expected;
    }
    if (!fits) {
      return InvalidArgument("labels have shape ", DimsText(labels), " for scores of shape ",
                             DimsText(scores), "; expected the same without dimension 1");
    }
  }
  context.SetOutput(0, context.dtype(0),
                    form.reduction == LossForm::kNone ? context.input(1).dims
                                                      : std::optional<DimVector>(DimVector()));
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status FinishLoss(ReferenceContext& context, const std::vector<double>& log_probs) {
  PLUMB_ASSIGN_OR_RETURN(const LossForm form, ReadLossForm(context.attrs()));
  const Tensor& scores = context.input(0);
  const Tensor& labels = context.input(1);
  if (scores.rank() < 2) return InvalidArgument("scores have ", scores.rank(), " dimensions");
  Shape expected{scores.shape()[0]};
  for (int i = 2; i < scores.rank(); ++i) expected.Append(scores.shape()[i]);
  if (labels.shape() != expected || !IsInteger(labels.dtype())) {
    return InvalidArgument("labels are ", Str(DTypeName(labels.dtype())), " ",
                           labels.shape().ToString(), ", expected integers ", expected.ToString());
  }
  const std::int64_t classes = scores.shape()[1];
  std::vector<double> weights(static_cast<std::size_t>(classes), 1);
  if (context.has_input(2)) {
    if (context.input(2).shape() != Shape{classes}) {
      return InvalidArgument("weights have shape ", context.input(2).shape().ToString(),
                             ", expected ", classes);
    }
    weights = ToDoubles(context.input(2));
  }
  const std::vector<std::int64_t> label = ToInt64s(labels);
  const std::int64_t rest = expected.rank() > 1 ? RowMajorStrides(expected)[0] : 1;
  std::vector<double> losses(label.size());
  double total = 0, used = 0;
  for (std::size_t i = 0; i < label.size(); ++i) {
    if (form.ignore && label[i] == *form.ignore) continue;
    if (label[i] < 0 || label[i] >= classes) {
      return InvalidArgument("label ", label[i], " is outside [0, ", classes, ")");
    }
    const auto at = static_cast<std::int64_t>(i);
    const std::int64_t position = (at / rest * classes + label[i]) * rest + at % rest;
    const double weight = weights[static_cast<std::size_t>(label[i])];
    losses[i] = -weight * log_probs[static_cast<std::size_t>(position)];
    total += losses[i];
    used += weight;
  }
  if (form.reduction == LossForm::kNone) {
    context.SetOutput(0, FromDoubles(scores.dtype(), labels.shape(), losses));
  } else {
    const double loss = form.reduction == LossForm::kMean ? total / used : total;
    context.SetOutput(0, FromDoubles(scores.dtype(), Shape{}, {&loss, 1}));
  }
  return OkStatus();
}

// --- gradient ---------------------------------------------------------------------------------
StatusOr<LossGradient> MakeLossGradient(GradientContext& context) {
  const AttrMap attrs = context.node().attrs;
  PLUMB_ASSIGN_OR_RETURN(const LossForm form, ReadLossForm(attrs));
  const Expr scores = InputOf(context, 0), dy = GradientOf(context);
  Expr labels = InputOf(context, 1);
  Expr weight;  // of each label
  if (form.ignore) {
    const Expr ignored = Equal(labels, static_cast<double>(*form.ignore));
    labels = Where(ignored, Number(labels, 0), labels);
    weight = Where(ignored, Number(scores, 0), Number(scores, 1));
  }
  if (context.input(2) != kNoValue) {
    const Expr given = Call("Gather", {InputOf(context, 2), labels});
    weight = weight.present() ? weight * given : given;
  }
  if (!weight.present()) weight = Expand(Number(scores, 1), ShapeOf(labels));
  Expr factor = dy * weight;
  if (form.reduction == LossForm::kMean) {
    factor = factor / Reduce("ReduceSum", weight, {}, /*keep=*/false);
  }
  const Expr depth = Call("Slice", {ShapeOf(scores), Ints(scores, {1}), Ints(scores, {2})});
  const Expr off_on = Cast(Ints(scores, {0, 1}), scores.dtype());
  LossGradient result;
  result.one_hot = Call("OneHot", {labels, depth, off_on}, Attrs({{"axis", std::int64_t{1}}}));
  result.factor = Unsqueeze(factor, {1});
  PLUMB_RETURN_IF_ERROR(context.builder().status());
  return result;
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> LossSamples(bool log_probs) {
  const auto scores = [&](Sizes shape) {
    return log_probs ? F32(std::move(shape), -5, -0.1) : F32(std::move(shape), -2, 2);
  };
  const auto labels = [](Sizes shape) { return Random(DType::kInt64, std::move(shape), 0, 4); };
  const auto reduction = [](const char* text) { return Attrs({{"reduction", std::string(text)}}); };
  AttrMap ignoring = reduction("mean");
  ignoring.Set("ignore_index", std::int64_t{2});
  AttrMap outside = reduction("sum");
  outside.Set("ignore_index", std::int64_t{-1});
  const SampleInput with_outside = Given(DType::kInt64, {4}, {0, -1, 3, 1});
  return {
      {"mean", {scores({6, 5}), labels({6})}, {}},
      {"sum", {scores({3, 5}), labels({3})}, reduction("sum")},
      {"each", {scores({3, 5}), labels({3})}, reduction("none")},
      {"pixels", {scores({2, 5, 3, 4}), labels({2, 3, 4})}, {}},
      {"weights", {scores({6, 5}), labels({6}), Constant(F32({5}, 0.5, 2))}, {}, 1, 1e-5, false},
      {"ignoring a class", {scores({9, 5}), labels({9})}, ignoring},
      {"ignoring a label that is no class", {scores({4, 5}), with_outside}, outside},
  };
}

}  // namespace plumb::ops
