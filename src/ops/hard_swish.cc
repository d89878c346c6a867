// HardSwish: y = x * max(0, min(1, x / 6 + 1/2)).
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return x * MaxOf(0, MinOf(1, x / 6 + 0.5)); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) {
  const Expr inside = Where(Less(t.x, 3), t.dy * (t.x / 3.0 + 0.5), t.dy);
  return KeepWhere(Greater(t.x, -3), inside);
}

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kHardSwish = {
    .name = "HardSwish",
    .doc = "y = x * max(0, min(1, x / 6 + 1/2))",
    .since = 14,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kHardSwish),
    .activation = "hard_swish",
    .low = -5,
    .high = 5,
};

}  // namespace

const OpDef& HardSwishOp() {
  static const OpDef op = [] {
    OpDef op = UnaryElementwise<kHardSwish>();
    op.patterns = {{"x times hard sigmoid", R"(graph hard_swish(X) -> (y) {
  s = HardSigmoid(X) {alpha = 0.16666667, beta = 0.5}
  y = Mul(X, s)
})"},
                   {"clip of x + 3", R"(graph hard_swish(X) -> (y) {
  three = const f32[] {3}
  zero = const f32[] {0}
  six = const f32[] {6}
  a = Add(X, three)
  c = Clip(a, zero, six)
  m = Mul(X, c)
  y = Div(m, six)
})"},
                   {"clip of x + 3, divided first", R"(graph hard_swish(X) -> (y) {
  three = const f32[] {3}
  zero = const f32[] {0}
  six = const f32[] {6}
  a = Add(X, three)
  c = Clip(a, zero, six)
  d = Div(c, six)
  y = Mul(X, d)
})"}};
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
