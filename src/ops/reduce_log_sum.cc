// ReduceLogSum: y = ln(sum of x) over the axes.
#include <cmath>

#include "ops/reduction.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(std::span<const double> values) {
  double result = 0;
  for (const double x : values) result += x;
  return std::log(result);
}

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const ReductionTerms& t) { return t.dy / Exp(t.y); }

// --- schema -----------------------------------------------------------------------------------
constexpr ReductionRule kReduceLogSum = {
    .name = "ReduceLogSum",
    .doc = "y = ln(sum of x) over the axes",
    .kind = kernels::ReduceKind::kLogSum,
    .real = Real,
    .gradient = Gradient,
    .low = 0.1,
    .high = 2,
};

}  // namespace

const OpDef& ReduceLogSumOp() {
  static const OpDef op = Reduction<kReduceLogSum>();
  return op;
}

}  // namespace plumb::ops
