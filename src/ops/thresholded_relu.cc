// ThresholdedRelu: y = x where x > alpha, else 0.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients& c) { return x > c.alpha || std::isnan(x) ? x : 0; }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return KeepWhere(Greater(t.x, t.c.alpha), t.dy); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kThresholdedRelu = {
    .name = "ThresholdedRelu",
    .doc = "y = x where x > alpha, else 0",
    .since = 10,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kThresholdedRelu),
};

}  // namespace

const OpDef& ThresholdedReluOp() {
  static const OpDef op = UnaryElementwise<kThresholdedRelu>();
  return op;
}

}  // namespace plumb::ops
