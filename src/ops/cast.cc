// Cast: each element converted to another type.
#include "ops/cast_element.h"
#include "ops/content.h"
#include "ops/element_type.h"
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "Cast";
  op.doc = "each element as type `to`; integers wrap, floats to integers truncate and saturate";
  op.since_opset = 6;
  op.inputs = {{"input", "any"}};
  op.outputs = {{"output", "any"}};
  op.attrs = {{"to", AttrType::kInt, /*required=*/true}, {"saturate", AttrType::kInt}};
  op.elementwise = true;
  op.layout = LayoutRule::kFollow;
  op.elementwise_code = InstructionCode(kernels::EltOp::kCast);
  op.differentiability = Differentiability::kYes;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const DType to, ElementTypeFromCode(context.attrs().Int("to", 0)));
  context.SetOutput(0, to, context.input(0).dims);
  if (IsInteger(to)) CopyContent(context);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const DType to, ElementTypeFromCode(context.attrs().Int("to", 0)));
  PLUMB_ASSIGN_OR_RETURN(Tensor y, CastTensor(context.input(0), to));
  context.SetOutput(0, std::move(y));
  return OkStatus();
}

// --- gradient ---------------------------------------------------------------------------------
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), dy = GradientOf(context);
  if (!dy.present() || !IsFloating(x.dtype())) return OkStatus();
  context.SetInputGradient(0, Cast(dy, x.dtype()).id());
  return context.builder().status();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() { return CastSamples(/*like=*/false); }

}  // namespace

const OpDef& CastOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.lower = LowerElementwise;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
