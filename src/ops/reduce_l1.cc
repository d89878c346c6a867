// ReduceL1: y = sum of |x| over the axes.
#include <cmath>

#include "ops/reduction.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(std::span<const double> values) {
  double result = 0;
  for (const double x : values) result += std::abs(x);
  return result;
}

Wide Integer(std::span<const Wide> values) {
  Wide result = 0;
  for (const Wide x : values) result += x < 0 ? -x : x;
  return result;
}

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const ReductionTerms& t) { return t.dy * Call("Sign", {t.x}); }

// --- schema -----------------------------------------------------------------------------------
constexpr ReductionRule kReduceL1 = {
    .name = "ReduceL1",
    .doc = "y = sum of |x| over the axes",
    .kind = kernels::ReduceKind::kL1,
    .real = Real,
    .integer = Integer,
    .gradient = Gradient,
};

}  // namespace

const OpDef& ReduceL1Op() {
  static const OpDef op = Reduction<kReduceL1>();
  return op;
}

}  // namespace plumb::ops
