// Conv: windows of every input channel times a weight, summed:
//   y[n,m,o] = bias[m] + sum over c in the group of m, taps t of
//              x[n,c, o * stride + t * dilation - pad] w[m,c,t]
#include "ops/conv_gradient.h"
#include "ops/conv_samples.h"
#include "ops/convolution.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "Conv";
  op.doc = "y[n,m,o] = B[m] + sum over c, t of X[n,c, o * stride + t * dilation - pad] W[m,c,t]";
  op.inputs = {{"X", "T=float"}, {"W", "T"}, {"B", "T", Arity::kOptional}};
  op.outputs = {{"Y", "T"}};
  op.attrs = ConvAttrs(/*transposed=*/false);
  op.layout = LayoutRule::kChannelsLast;
  op.differentiability = Differentiability::kYes;
  op.fused_form = "FusedConv";
  op.quantized_form = "QuantizedConv";
  op.weight_axis = [](const Node&, int) { return std::optional<int>(0); };
  op.absorb_affine = [](Graph& graph, NodeId node, const ChannelAffine& affine) {
    return AbsorbAffineIntoConv(graph, node, affine, /*transposed=*/false);
  };
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) { return InferConv(context, /*transposed=*/false); }

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) { return ReferenceConv(context, /*transposed=*/false); }

// --- gradient ---------------------------------------------------------------------------------
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), weight = InputOf(context, 1), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const AttrMap attrs = context.node().attrs;
  context.SetInputGradient(0, Call("plumb.ConvGradInput", {dy, weight, ShapeOf(x)}, attrs).id());
  context.SetInputGradient(1, Call("plumb.ConvGradWeight", {x, dy, ShapeOf(weight)}, attrs).id());
  return SetBiasGradient(context, dy);
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return ConvCost(node, /*transposed=*/false); }

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) { return LowerConv(context, /*transposed=*/false); }

}  // namespace

const OpDef& ConvOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = CostOf;
    op.lower = Lower;
    op.samples = ConvSamples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
