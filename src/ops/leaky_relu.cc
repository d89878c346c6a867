// LeakyRelu: y = x where x >= 0, else alpha * x.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients& c) { return x < 0 ? c.alpha * x : x; }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return Where(Less(t.x, 0), t.dy * t.c.alpha, t.dy); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kLeakyRelu = {
    .name = "LeakyRelu",
    .doc = "y = x where x >= 0, else alpha * x",
    .since = 6,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kLeakyRelu),
    .activation = "leaky_relu",
};

}  // namespace

const OpDef& LeakyReluOp() {
  static const OpDef op = UnaryElementwise<kLeakyRelu>();
  return op;
}

}  // namespace plumb::ops
