// What NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss share: the loss of class labels.
#pragma once

#include <string>
#include <vector>

#include "graph/op_def.h"
#include "ops/expression.h"

namespace plumb::ops {

// Attributes `reduction` and `ignore_index`.
struct LossForm {
  enum Reduction : std::uint8_t { kNone, kSum, kMean } reduction = kMean;
  std::optional<std::int64_t> ignore;
};
StatusOr<LossForm> ReadLossForm(const AttrMap& attrs);

// Inputs scores [batch, classes, rest...], labels [batch, rest...], weights (optional, [classes]).
// Output 0 is a scalar, or with reduction "none" has the shape of the labels.
Status InferLoss(InferContext& context);

// Sets output 0 from log probabilities of the shape of the scores:
//   loss = -weights[label] * log_prob[label], 0 where the label is ignored;
//   reduced as the attribute says, the mean being divided by the sum of the weights used.
// Errors: shapes that do not fit, a label that is no class.
Status FinishLoss(ReferenceContext& context, const std::vector<double>& log_probs);

// Parts of the gradient with respect to the scores; the class weights are taken as constants.
struct LossGradient {
  Expr one_hot;  // [batch, classes, rest...], 1 at the label
  Expr factor;   // [batch, 1, rest...]: gradient of the loss times weight, as reduced
};
StatusOr<LossGradient> MakeLossGradient(GradientContext& context);

std::vector<Sample> LossSamples(bool log_probs);

}  // namespace plumb::ops
