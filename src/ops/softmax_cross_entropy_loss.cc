// SoftmaxCrossEntropyLoss: the loss of labels under the softmax of scores over dimension 1.
#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/class_loss.h"
#include "ops/cost.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "SoftmaxCrossEntropyLoss";
  op.doc =
      "log_prob = LogSoftmax(scores) over dimension 1; output = -weights[label] * "
      "log_prob[label], reduced to none, sum or mean";
  op.since_opset = 12;
  op.inputs = {{"scores", "T=float"}, {"labels", "index"}, {"weights", "T", Arity::kOptional}};
  op.outputs = {{"output", "T"}, {"log_prob", "T", Arity::kOptional}};
  op.attrs = {{"ignore_index", AttrType::kInt}, {"reduction", AttrType::kString}};
  op.differentiability = Differentiability::kYes;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(InferLoss(context));
  context.SetOutput(1, context.dtype(0), context.input(0).dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& scores = context.input(0);
  if (scores.rank() < 2) return InvalidArgument("scores have ", scores.rank(), " dimensions");
  std::vector<double> values = ToDoubles(scores);
  const auto classes = static_cast<std::size_t>(scores.shape()[1]);
  const auto step = static_cast<std::size_t>(RowMajorStrides(scores.shape())[1]);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i / step % classes != 0) continue;  // not the first class of its row
    double largest = values[i], sum = 0;
    for (std::size_t c = 0; c < classes; ++c) largest = std::max(largest, values[i + c * step]);
    for (std::size_t c = 0; c < classes; ++c) sum += std::exp(values[i + c * step] - largest);
    for (std::size_t c = 0; c < classes; ++c) values[i + c * step] -= largest + std::log(sum);
  }
  if (context.wants_output(1)) {
    context.SetOutput(1, FromDoubles(scores.dtype(), scores.shape(), values));
  }
  return FinishLoss(context, values);
}

// --- gradient ---------------------------------------------------------------------------------
// dscores = (softmax - one_hot) * factor; from log_prob: d - softmax * sum of d.
Status Gradient(GradientContext& context) {
  const Expr softmax = Call("Softmax", {InputOf(context, 0)}, Attrs({{"axis", std::int64_t{1}}}));
  Expr dx;
  if (context.output_gradient(0) != kNoValue) {
    PLUMB_ASSIGN_OR_RETURN(const LossGradient parts, MakeLossGradient(context));
    dx = (softmax - parts.one_hot) * parts.factor;
  }
  if (context.output_gradient(1) != kNoValue) {
    const Expr d = GradientOf(context, 1);
    const Expr from_log = d - softmax * Reduce("ReduceSum", d, {1}, /*keep=*/true);
    dx = dx.present() ? dx + from_log : from_log;
  }
  if (dx.present()) context.SetInputGradient(0, dx.id());
  return context.builder().status();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return CostPerInput(node, 16); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  std::vector<Sample> samples = LossSamples(/*log_probs=*/false);
  Sample both = samples[0];
  both.name = "with log probabilities";
  both.outputs = 2;
  samples.push_back(both);
  return samples;
}

}  // namespace

const OpDef& SoftmaxCrossEntropyLossOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = CostOf;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
