// Floor: y = the largest integer <= x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::floor(x); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kFloor = {
    .name = "Floor",
    .doc = "y = the largest integer <= x",
    .real = Real,
    .code = InstructionCode(kernels::EltOp::kFloor),
};

}  // namespace

const OpDef& FloorOp() {
  static const OpDef op = UnaryElementwise<kFloor>();
  return op;
}

}  // namespace plumb::ops
