// NegativeLogLikelihoodLoss: the loss of labels under given log probabilities.
#include "ops/class_loss.h"
#include "ops/cost.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "NegativeLogLikelihoodLoss";
  op.doc = "loss = -weight[target] * input[target], reduced to none, sum or mean";
  op.since_opset = 12;
  op.inputs = {{"input", "T=float"}, {"target", "index"}, {"weight", "T", Arity::kOptional}};
  op.outputs = {{"loss", "T"}};
  op.attrs = {{"ignore_index", AttrType::kInt}, {"reduction", AttrType::kString}};
  op.differentiability = Differentiability::kYes;
  return op;
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  return FinishLoss(context, ToDoubles(context.input(0)));
}

// --- gradient ---------------------------------------------------------------------------------
Status Gradient(GradientContext& context) {
  if (context.output_gradient(0) == kNoValue) return OkStatus();
  PLUMB_ASSIGN_OR_RETURN(const LossGradient parts, MakeLossGradient(context));
  context.SetInputGradient(0, (-(parts.one_hot * parts.factor)).id());
  return context.builder().status();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 3); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() { return LossSamples(/*log_probs=*/true); }

}  // namespace

const OpDef& NegativeLogLikelihoodLossOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = InferLoss;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = CostOf;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
