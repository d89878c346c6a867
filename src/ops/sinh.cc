// Sinh: y = sinh x.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double x, const Coefficients&) { return std::sinh(x); }

// --- gradient ---------------------------------------------------------------------------------
Expr Gradient(const UnaryTerms& t) { return t.dy * Call("Cosh", {t.x}); }

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kSinh = {
    .name = "Sinh",
    .doc = "y = sinh x",
    .since = 9,
    .real = Real,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kSinh),
};

}  // namespace

const OpDef& SinhOp() {
  static const OpDef op = UnaryElementwise<kSinh>();
  return op;
}

}  // namespace plumb::ops
