// ReduceL2: y = sqrt(sum of x^2) over the axes.
#include <cmath>

#include "ops/reduction.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(std::span<const double> values) {
  double result = 0;
  for (const double x : values) result += x * x;
  return std::sqrt(result);
}

// --- gradient ---------------------------------------------------------------------------------
// Zero where the norm is.
Expr Gradient(const ReductionTerms& t) {
  const Expr divisor = Where(Equal(t.y, 0), Number(t.y, 1), t.y);
  return t.dy * t.x / divisor;
}

// --- schema -----------------------------------------------------------------------------------
constexpr ReductionRule kReduceL2 = {
    .name = "ReduceL2",
    .doc = "y = sqrt(sum of x^2) over the axes",
    .kind = kernels::ReduceKind::kL2,
    .real = Real,
    .gradient = Gradient,
};

}  // namespace

const OpDef& ReduceL2Op() {
  static const OpDef op = Reduction<kReduceL2>();
  return op;
}

}  // namespace plumb::ops
