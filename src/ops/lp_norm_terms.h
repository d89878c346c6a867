// Terms of the derivative of a p-norm, y = (sum |x|^p)^(1/p): dy/dx = |x|^(p-1) sign(x) / y^(p-1).
#pragma once

#include "ops/expression.h"

namespace plumb::ops {

// Attribute `p`, 2 when absent. Error: below 1.
inline StatusOr<double> ReadP(const AttrMap& attrs) {
  const std::int64_t p = attrs.Int("p", 2);
  if (p < 1) return InvalidArgument("attribute 'p' is ", p, ", expected 1 or more");
  return static_cast<double>(p);
}

// |x|^(p-1) sign(x)
inline Expr SignedPower(const Expr& x, double p) {
  if (p == 1) return Call("Sign", {x});
  if (p == 2) return x;
  return Call("Sign", {x}) * Call("Pow", {Call("Abs", {x}), Number(x, p - 1)});
}

// dy / y^(p-1), zero where the norm is zero.
inline Expr NormShare(const Expr& y, const Expr& dy, double p) {
  if (p == 1) return dy;
  const Expr power = p == 2 ? y : Call("Pow", {y, Number(y, p - 1)});
  return Where(Equal(y, 0), Number(dy, 0), dy / Where(Equal(y, 0), Number(y, 1), power));
}

}  // namespace plumb::ops
