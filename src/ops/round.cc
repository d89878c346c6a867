// Round: y = the nearest integer, halves to even.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::nearbyint(x); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kRound = {
    .name = "Round",
    .doc = "y = the nearest integer, halves to even",
    .since = 11,
    .real = Real,
    .code = InstructionCode(kernels::EltOp::kRound),
};

}  // namespace

const OpDef& RoundOp() {
  static const OpDef op = UnaryElementwise<kRound>();
  return op;
}

}  // namespace plumb::ops
