// What the reductions share: a rule (how elements join, how the result is finished, its derivative)
// becomes a whole OpDef.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "graph/op_def.h"
#include "kernels/reduce/reduce.h"
#include "ops/elementwise.h"
#include "ops/expression.h"

namespace plumb::ops {

// x and, with the reduced axes kept as size 1 (or broadcasting as such), y and dy.
struct ReductionTerms {
  Expr x, y, dy;
  Expr count;  // elements reduced into one, as a scalar of that type; ReduceMean only
  GradientContext* context;

  // `reduction` of e over the same axes, which are kept.
  Expr Over(std::string_view reduction, const Expr& e) const;
};

struct ReductionRule {
  std::string_view name = {};
  std::string_view doc = {};
  int axes_input_since = 18;  // opset in which `axes` became an input
  std::string_view types = "T=number";
  kernels::ReduceKind kind = kernels::ReduceKind::kSum;
  // Result of these elements, in the order of memory; integers are doubles of int64 where exact
  // arithmetic is not needed.
  double (*real)(std::span<const double> values) = nullptr;
  Wide (*integer)(std::span<const Wide> values) = nullptr;  // null: as `real`, truncated
  Expr (*gradient)(const ReductionTerms& t) = nullptr;
  double low = -1, high = 1;  // range of samples
};

OpDef ReductionSchema(const ReductionRule& rule);
Status InferReduction(InferContext& context);
Status RunReduction(ReferenceContext& context, const ReductionRule& rule);
Status ReductionGradient(GradientContext& context, const ReductionRule& rule);
Status UpgradeReduction(UpgradeContext& context, const ReductionRule& rule);
Status LowerReduction(LowerContext& context, const ReductionRule& rule);
std::vector<Sample> ReductionSamples(const ReductionRule& rule);

template <const ReductionRule& kRule>
OpDef Reduction() {
  OpDef op = ReductionSchema(kRule);
  op.infer = InferReduction;
  op.reference = [](ReferenceContext& context) { return RunReduction(context, kRule); };
  op.gradient = [](GradientContext& context) { return ReductionGradient(context, kRule); };
  op.upgrade = [](UpgradeContext& context) { return UpgradeReduction(context, kRule); };
  op.lower = [](LowerContext& context) { return LowerReduction(context, kRule); };
  op.samples = [] { return ReductionSamples(kRule); };
  return op;
}

}  // namespace plumb::ops
