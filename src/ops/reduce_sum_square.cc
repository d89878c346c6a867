// ReduceSumSquare: y = sum of x^2 over the axes.
#include "ops/reduction.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(std::span<const double> values) {
  double result = 0;
  for (const double x : values) result += x * x;
  return result;
}

Wide Integer(std::span<const Wide> values) {
  Wide result = 0;
  for (const Wide x : values) result += x * x;
  return result;
}

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const ReductionTerms& t) { return 2.0 * t.dy * t.x; }

// --- schema -----------------------------------------------------------------------------------
constexpr ReductionRule kReduceSumSquare = {
    .name = "ReduceSumSquare",
    .doc = "y = sum of x^2 over the axes",
    .kind = kernels::ReduceKind::kSumSquare,
    .real = Real,
    .integer = Integer,
    .gradient = Gradient,
};

}  // namespace

const OpDef& ReduceSumSquareOp() {
  static const OpDef op = Reduction<kReduceSumSquare>();
  return op;
}

}  // namespace plumb::ops
