// Mul: y = a * b.
#include "ops/channel_affine.h"
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(InferBroadcast(context, context.dtype(0)));
  PropagateArithmetic(context, ContentOp::kMultiply);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
double Real(double a, double b) { return a * b; }
// The low 64 bits, which is all that any integer type keeps.
Wide Integer(Wide a, Wide b) {
  return static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b);
}

// --- gradient ---------------------------------------------------------------------------------
std::pair<Expr, Expr> Gradient(const BinaryTerms& t) { return {t.dy * t.b, t.dy * t.a}; }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kMul = {
    .name = "Mul",
    .doc = "y = a * b",
    .since = 7,
    .real = Real,
    .integer = Integer,
    .commutative = true,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kMul),
};

std::optional<ChannelAffine> AsAffine(const Graph& graph, const Node& node) {
  return ElementwiseAffine(graph, node, AffineKind::kMultiply);
}

}  // namespace

const OpDef& MulOp() {
  static const OpDef op = [] {
    OpDef op = BinaryElementwise<kMul>();
    op.infer = Infer;
    op.as_affine = AsAffine;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
