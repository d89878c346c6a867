// PRelu: y = a where a >= 0, else slope * a.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double a, double b) { return a < 0 ? a * b : a; }
Wide Integer(Wide a, Wide b) { return a < 0 ? static_cast<std::int64_t>(a) * b : a; }

// --- gradient ---------------------------------------------------------------------------------
std::pair<Expr, Expr> Gradient(const BinaryTerms& t) {
  const Expr below = Less(t.a, 0);
  return {Where(below, t.dy * t.b, t.dy), KeepWhere(below, t.dy * t.a)};
}

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kPRelu = {
    .name = "PRelu",
    .doc = "y = a where a >= 0, else slope * a",
    .since = 7,
    .real = Real,
    .integer = Integer,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kPrelu),
};

}  // namespace

const OpDef& PReluOp() {
  static const OpDef op = BinaryElementwise<kPRelu>();
  return op;
}

}  // namespace plumb::ops
