// Div: y = a / b; integers truncate towards zero, and x / 0 is 0.
#include "ops/channel_affine.h"
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(InferBroadcast(context, context.dtype(0)));
  PropagateArithmetic(context, ContentOp::kDivide);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
double Real(double a, double b) { return a / b; }
Wide Integer(Wide a, Wide b) { return b == 0 ? 0 : a / b; }

// --- gradient ---------------------------------------------------------------------------------
std::pair<Expr, Expr> Gradient(const BinaryTerms& t) { return {t.dy / t.b, -(t.dy * t.y / t.b)}; }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kDiv = {
    .name = "Div",
    .doc = "y = a / b; integers truncate towards zero, and x / 0 is 0",
    .since = 7,
    .real = Real,
    .integer = Integer,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kDiv),
    .low_b = 0.5,
    .high_b = 3,
};

std::optional<ChannelAffine> AsAffine(const Graph& graph, const Node& node) {
  return ElementwiseAffine(graph, node, AffineKind::kDivide);
}

}  // namespace

const OpDef& DivOp() {
  static const OpDef op = [] {
    OpDef op = BinaryElementwise<kDiv>();
    op.infer = Infer;
    op.as_affine = AsAffine;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
