// ReduceMax: y = maximum of x over the axes.
#include <limits>

#include "ops/reduction.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(std::span<const double> values) {
  double result = -std::numeric_limits<double>::infinity();
  for (const double x : values) result = MaxOf(result, x);
  return result;
}

Wide Integer(std::span<const Wide> values) {
  Wide result = values.empty() ? Wide{0} : values[0];
  for (const Wide x : values) result = x > result ? x : result;
  return result;
}

// --- gradient ---------------------------------------------------------------------------------
// Shared equally by the elements that are the maximum.
Expr Gradient(const ReductionTerms& t) {
  const Expr extreme = Cast(Equal(t.x, t.y), t.x.dtype());
  return extreme * (t.dy / t.Over("ReduceSum", extreme));
}

// --- schema -----------------------------------------------------------------------------------
constexpr ReductionRule kReduceMax = {
    .name = "ReduceMax",
    .doc = "y = maximum of x over the axes",
    .types = "T=number|bool",
    .kind = kernels::ReduceKind::kMax,
    .real = Real,
    .integer = Integer,
    .gradient = Gradient,
};

}  // namespace

const OpDef& ReduceMaxOp() {
  static const OpDef op = Reduction<kReduceMax>();
  return op;
}

}  // namespace plumb::ops
