// ConvGradWeight: the gradient of Conv with respect to its weight:
//   dw[m,c,t] = sum over n, o of x[n,c, o * stride + t * dilation - pad] dy[n,m,o]
#include "ops/conv_gradient.h"
#include "ops/convolution.h"
#include "ops/cost.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "ConvGradWeight";
  op.domain = "plumb";
  op.doc = "gradient of Conv with respect to W, whose shape is given; attributes are those of Conv";
  op.inputs = {{"X", "T=float"}, {"dY", "T"}, {"shape", "i64"}};
  op.outputs = {{"dW", "T"}};
  op.attrs = ConvAttrs(/*transposed=*/false);
  op.differentiability = Differentiability::kNotYet;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) { return InferShapeGiven(context, 2); }

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  const Tensor& dy = context.input(1);
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, ReadShape(context.input(2)));
  PLUMB_ASSIGN_OR_RETURN(const Convolution c, MakeConv(context.attrs(), x.shape(), shape));
  PLUMB_RETURN_IF_ERROR(CheckSmall(c, dy.shape()));
  PLUMB_ASSIGN_OR_RETURN(Tensor sums, Tensor::TryAllocate(DType::kFloat64, shape));
  AddConvWeight(c, ToDoubles(x).data(), ToDoubles(dy).data(), sums.mutable_data<double>().data());
  context.SetOutput(0, FromDoubles(x.dtype(), shape, sums.data<double>()));
  return OkStatus();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) {
  const StatusOr<Convolution> c =
      MakeConv(node.node->attrs, node.input_shapes[0], node.output_shapes[0]);
  return CostOfMacs(node, c.ok() ? c->macs() : 0);
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  AttrMap strided;
  strided.Set("strides", Sizes{2, 3});
  strided.Set("pads", Sizes{1, 0, 2, 1});
  AttrMap grouped;
  grouped.Set("group", std::int64_t{2});
  return {
      {"plain", {F32({2, 3, 5, 6}), F32({2, 4, 3, 4}), ConstantInts({4, 3, 3, 3})}, {}},
      {"strided", {F32({1, 3, 7, 8}), F32({1, 4, 4, 3}), ConstantInts({4, 3, 3, 2})}, strided},
      {"grouped", {F32({1, 6, 5, 5}), F32({1, 4, 3, 3}), ConstantInts({4, 3, 3, 3})}, grouped},
  };
}

}  // namespace

const OpDef& ConvGradWeightOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.cost = CostOf;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
