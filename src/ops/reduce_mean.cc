// ReduceMean: y = mean of x over the axes.
#include "ops/reduction.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(std::span<const double> values) {
  double result = 0;
  for (const double x : values) result += x;
  return result / static_cast<double>(values.size());
}

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const ReductionTerms& t) { return t.dy / t.count; }

// --- schema -----------------------------------------------------------------------------------
constexpr ReductionRule kReduceMean = {
    .name = "ReduceMean",
    .doc = "y = mean of x over the axes",
    .kind = kernels::ReduceKind::kMean,
    .real = Real,
    .gradient = Gradient,
};

}  // namespace

const OpDef& ReduceMeanOp() {
  static const OpDef op = Reduction<kReduceMean>();
  return op;
}

}  // namespace plumb::ops
