// ReduceSum: y = sum of x over the axes.
#include "ops/reduction.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(std::span<const double> values) {
  double result = 0;
  for (const double x : values) result += x;
  return result;
}

Wide Integer(std::span<const Wide> values) {
  Wide result = 0;
  for (const Wide x : values) result += x;
  return result;
}

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const ReductionTerms& t) { return t.dy; }

// --- schema -----------------------------------------------------------------------------------
constexpr ReductionRule kReduceSum = {
    .name = "ReduceSum",
    .doc = "y = sum of x over the axes",
    .axes_input_since = 13,
    .kind = kernels::ReduceKind::kSum,
    .real = Real,
    .integer = Integer,
    .gradient = Gradient,
};

}  // namespace

const OpDef& ReduceSumOp() {
  static const OpDef op = Reduction<kReduceSum>();
  return op;
}

}  // namespace plumb::ops
