// What Softmax, LogSoftmax and Hardmax share: one row along `axis` at a time.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/softmax/softmax.h"
#include "ops/expression.h"
#include "ops/lower.h"

namespace plumb::ops {

OpDef SoftmaxSchema(std::string_view name, std::string_view doc);
Status InferSoftmax(InferContext& context);

// row(values) replaces the elements along the axis.
Status ReferenceRows(ReferenceContext& context, const std::function<void(std::span<double>)>& row);

// Before opset 13 the axis (1 when absent) split the tensor into a matrix whose rows were
// normalised: Flatten, the operator on the last axis, Reshape back.
Status UpgradeSoftmax(UpgradeContext& context, std::string_view name);

Status LowerSoftmax(LowerContext& context, kernels::SoftmaxKind kind);
std::vector<Sample> SoftmaxSamples();

}  // namespace plumb::ops
