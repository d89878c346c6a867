// Sub: y = a - b.
#include "ops/channel_affine.h"
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(InferBroadcast(context, context.dtype(0)));
  PropagateArithmetic(context, ContentOp::kSubtract);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
double Real(double a, double b) { return a - b; }
Wide Integer(Wide a, Wide b) { return a - b; }

// --- gradient ---------------------------------------------------------------------------------
std::pair<Expr, Expr> Gradient(const BinaryTerms& t) { return {t.dy, -t.dy}; }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kSub = {
    .name = "Sub",
    .doc = "y = a - b",
    .since = 7,
    .real = Real,
    .integer = Integer,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kSub),
};

std::optional<ChannelAffine> AsAffine(const Graph& graph, const Node& node) {
  return ElementwiseAffine(graph, node, AffineKind::kSubtract);
}

}  // namespace

const OpDef& SubOp() {
  static const OpDef op = [] {
    OpDef op = BinaryElementwise<kSub>();
    op.infer = Infer;
    op.as_affine = AsAffine;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
