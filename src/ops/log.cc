// Log: y = ln x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::log(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy / t.x; }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kLog = {
    .name = "Log",
    .doc = "y = ln x",
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kLog),
    .low = 0.1,
    .high = 5,
};

}  // namespace

const OpDef& LogOp() {
  static const OpDef op = UnaryElementwise<kLog>();
  return op;
}

}  // namespace plumb::ops
