// ReduceLogSumExp: y = ln(sum of e^x) over the axes.
#include <cmath>
#include <limits>

#include "ops/reduction.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
// The maximum is taken out so that no power overflows; an infinite one stays what it is.
double Real(std::span<const double> values) {
  double largest = -std::numeric_limits<double>::infinity();
  for (const double x : values) largest = MaxOf(largest, x);
  if (!std::isfinite(largest)) return largest;
  double sum = 0;
  for (const double x : values) sum += std::exp(x - largest);
  return largest + std::log(sum);
}

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const ReductionTerms& t) { return t.dy * Exp(t.x - t.y); }

// --- schema -----------------------------------------------------------------------------------
constexpr ReductionRule kReduceLogSumExp = {
    .name = "ReduceLogSumExp",
    .doc = "y = ln(sum of e^x) over the axes",
    .kind = kernels::ReduceKind::kLogSumExp,
    .real = Real,
    .gradient = Gradient,
};

}  // namespace

const OpDef& ReduceLogSumExpOp() {
  static const OpDef op = Reduction<kReduceLogSumExp>();
  return op;
}

}  // namespace plumb::ops
