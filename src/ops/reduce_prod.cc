// ReduceProd: y = product of x over the axes.
#include "ops/reduction.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(std::span<const double> values) {
  double result = 1;
  for (const double x : values) result *= x;
  return result;
}

Wide Integer(std::span<const Wide> values) {
  std::uint64_t result = 1;  // the low bits are what any integer type keeps
  for (const Wide x : values) result *= static_cast<std::uint64_t>(x);
  return result;
}

// --- gradient ---------------------------------------------------------------------------------
// The product of the other elements: with one zero only that zero has a gradient.
Expr Gradient(const ReductionTerms& t) {
  const Expr is_zero = Equal(t.x, 0);
  const Expr zeros = t.Over("ReduceSum", Cast(is_zero, t.x.dtype()));
  const Expr others = Where(is_zero, Number(t.x, 1), t.x);  // a factor 1 for each zero
  const Expr product = t.Over("ReduceProd", others);
  const Expr at_zero = KeepWhere(Equal(zeros, 1), product);
  const Expr elsewhere = KeepWhere(Equal(zeros, 0), product) / others;
  return t.dy * Where(is_zero, at_zero, elsewhere);
}

// --- schema -----------------------------------------------------------------------------------
constexpr ReductionRule kReduceProd = {
    .name = "ReduceProd",
    .doc = "y = product of x over the axes",
    .kind = kernels::ReduceKind::kProd,
    .real = Real,
    .integer = Integer,
    .gradient = Gradient,
    .low = -1.5,
    .high = 1.5,
};

}  // namespace

const OpDef& ReduceProdOp() {
  static const OpDef op = Reduction<kReduceProd>();
  return op;
}

}  // namespace plumb::ops
