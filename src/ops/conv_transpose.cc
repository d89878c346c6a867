// ConvTranspose: every input pixel times a weight, added into the output where the window lies:
//   y[n,m,o] = bias[m] + sum over c in the group of m, taps t with o = i * stride + t * dilation -
//   pad
//              of x[n,c,i] w[c,m,t]
#include "ops/conv_gradient.h"
#include "ops/convolution.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "ConvTranspose";
  op.doc =
      "y[n,m,o] = B[m] + sum over c, i, t with o = i * stride + t * dilation - pad of "
      "X[n,c,i] W[c,m,t]";
  op.inputs = {{"X", "T=float"}, {"W", "T"}, {"B", "T", Arity::kOptional}};
  op.outputs = {{"Y", "T"}};
  op.attrs = ConvAttrs(/*transposed=*/true);
  op.layout = LayoutRule::kChannelsLast;
  op.fused_form = "FusedConvTranspose";
  op.weight_axis = [](const Node&, int) { return std::optional<int>(1); };
  op.differentiability = Differentiability::kYes;
  op.absorb_affine = [](Graph& graph, NodeId node, const ChannelAffine& affine) {
    return AbsorbAffineIntoConv(graph, node, affine, /*transposed=*/true);
  };
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) { return InferConv(context, /*transposed=*/true); }

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) { return ReferenceConv(context, /*transposed=*/true); }

// --- gradient ---------------------------------------------------------------------------------
// With the large and the small image exchanged: dx is a convolution of dy.
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), weight = InputOf(context, 1), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  AttrMap attrs = context.node().attrs;
  if (attrs.Has("output_shape") || attrs.String("auto_pad", "NOTSET") != "NOTSET") {
    // Pads follow from the sizes, so these must be known.
    const auto shape_of = [](const Expr& e) {
      return e.dims() == nullptr ? std::nullopt : ConcreteShape(*e.dims());
    };
    const std::optional<Shape> x_shape = shape_of(x), weight_shape = shape_of(weight);
    if (!x_shape || !weight_shape) {
      return Unimplemented("gradient with auto_pad or output_shape needs known shapes");
    }
    PLUMB_ASSIGN_OR_RETURN(const Convolution c, MakeConvTranspose(attrs, *x_shape, *weight_shape));
    std::vector<std::int64_t> pads(c.window.pad_begin.begin(), c.window.pad_begin.end());
    pads.insert(pads.end(), c.window.pad_end.begin(), c.window.pad_end.end());
    attrs.Set("pads", pads);
    attrs.Erase("auto_pad");
    attrs.Erase("output_shape");
  }
  attrs.Erase("output_padding");
  context.SetInputGradient(0, Call("Conv", {dy, weight}, attrs).id());
  context.SetInputGradient(1, Call("plumb.ConvGradWeight", {dy, x, ShapeOf(weight)}, attrs).id());
  return SetBiasGradient(context, dy);
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return ConvCost(node, /*transposed=*/true); }

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) { return LowerConv(context, /*transposed=*/true); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto sample = [](const char* name, Sizes x, Sizes weight, const AttrMap& attrs) {
    const std::int64_t channels = weight[1] * attrs.Int("group", 1);
    return Sample{name, {F32(std::move(x)), Weight(std::move(weight)), Weight({channels})}, attrs};
  };
  const Sizes ones = {1, 1, 1, 1}, two = {2, 2};
  return {
      sample("plain", {1, 3, 4, 5}, {3, 4, 3, 3}, {}),
      sample("2x2 stride 2", {1, 16, 5, 6}, {16, 17, 2, 2}, Attrs({{"strides", two}})),
      sample("3x3 stride 2", {2, 4, 3, 3}, {4, 5, 3, 3},
             Attrs({{"strides", two}, {"pads", ones}, {"output_padding", Sizes{1, 1}}})),
      sample("stride beyond kernel", {1, 3, 3, 4}, {3, 2, 2, 2}, Attrs({{"strides", Sizes{3, 4}}})),
      sample("dilation", {1, 2, 4, 4}, {2, 3, 3, 2},
             Attrs({{"dilations", Sizes{2, 3}}, {"pads", Sizes{0, 1, 2, 0}}})),
      sample("groups", {1, 6, 4, 3}, {6, 2, 3, 3}, Attrs({{"group", std::int64_t{3}}})),
      sample("depthwise", {1, 5, 4, 3}, {5, 1, 4, 4},
             Attrs({{"group", std::int64_t{5}}, {"strides", two}, {"pads", ones}})),
      sample("output shape", {1, 3, 3, 3}, {3, 2, 3, 3},
             Attrs({{"strides", Sizes{3, 2}}, {"output_shape", Sizes{10, 8}}})),
      sample("same upper", {1, 2, 3, 3}, {2, 2, 3, 3},
             Attrs({{"strides", two}, {"auto_pad", std::string("SAME_UPPER")}})),
      sample("same lower", {1, 2, 3, 3}, {2, 2, 3, 4},
             Attrs({{"strides", two}, {"auto_pad", std::string("SAME_LOWER")}})),
      sample("one pixel", {1, 3, 1, 1}, {3, 4, 2, 3}, {}),
      sample("one dimension", {1, 2, 5}, {2, 3, 3}, Attrs({{"strides", Sizes{2}}})),
      sample("three dimensions", {1, 2, 2, 3, 2}, {2, 3, 2, 2, 3},
             Attrs({{"strides", Sizes{2, 1, 2}}})),
      sample("empty batch", {0, 2, 3, 3}, {2, 3, 2, 2}, {}),
  };
}

}  // namespace

const OpDef& ConvTransposeOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = CostOf;
    op.lower = Lower;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
