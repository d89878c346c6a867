// ConvGradInput: the gradient of Conv with respect to its input:
//   dx[n,c,i] = sum over m in the group, taps t with i = o * stride + t * dilation - pad of
//               dy[n,m,o] w[m,c,t]
#include "ops/conv_gradient.h"
#include "ops/convolution.h"
#include "ops/cost.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "ConvGradInput";
  op.domain = "plumb";
  op.doc = "gradient of Conv with respect to X, whose shape is given; attributes are those of Conv";
  op.inputs = {{"dY", "T=float"}, {"W", "T"}, {"shape", "i64"}};
  op.outputs = {{"dX", "T"}};
  op.attrs = ConvAttrs(/*transposed=*/false);
  op.differentiability = Differentiability::kNotYet;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) { return InferShapeGiven(context, 2); }

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& dy = context.input(0);
  const Tensor& weight = context.input(1);
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, ReadShape(context.input(2)));
  PLUMB_ASSIGN_OR_RETURN(const Convolution c, MakeConv(context.attrs(), shape, weight.shape()));
  PLUMB_RETURN_IF_ERROR(CheckSmall(c, dy.shape()));
  PLUMB_ASSIGN_OR_RETURN(Tensor sums, Tensor::TryAllocate(DType::kFloat64, shape));
  AddConvTranspose(c, ToDoubles(dy).data(), ToDoubles(weight).data(),
                   sums.mutable_data<double>().data());
  context.SetOutput(0, FromDoubles(dy.dtype(), shape, sums.data<double>()));
  return OkStatus();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) {
  const StatusOr<Convolution> c =
      MakeConv(node.node->attrs, node.output_shapes[0], node.input_shapes[1]);
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
      {"plain", {F32({2, 4, 3, 4}), Weight({4, 3, 3, 3}), ConstantInts({2, 3, 5, 6})}, {}},
      {"strided", {F32({1, 4, 4, 3}), Weight({4, 3, 3, 2}), ConstantInts({1, 3, 7, 8})}, strided},
      {"grouped", {F32({1, 4, 3, 3}), Weight({4, 3, 3, 3}), ConstantInts({1, 6, 5, 5})}, grouped},
  };
}

}  // namespace

const OpDef& ConvGradInputOp() {
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
