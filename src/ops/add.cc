// Add: y = a + b.
#include "ops/channel_affine.h"
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(InferBroadcast(context, context.dtype(0)));
  PropagateArithmetic(context, ContentOp::kAdd);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
double Real(double a, double b) { return a + b; }
Wide Integer(Wide a, Wide b) { return a + b; }

// --- gradient ---------------------------------------------------------------------------------
std::pair<Expr, Expr> Gradient(const BinaryTerms& t) { return {t.dy, t.dy}; }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kAdd = {
    .name = "Add",
    .doc = "y = a + b",
    .since = 7,
    .real = Real,
    .integer = Integer,
    .commutative = true,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kAdd),
};

std::optional<ChannelAffine> AsAffine(const Graph& graph, const Node& node) {
  return ElementwiseAffine(graph, node, AffineKind::kAdd);
}

}  // namespace

const OpDef& AddOp() {
  static const OpDef op = [] {
    OpDef op = BinaryElementwise<kAdd>();
    op.infer = Infer;
    op.as_affine = AsAffine;
    op.quantizable = true;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
