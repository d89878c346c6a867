// CastLike: each element of the first input converted to the type of the second.
#include "ops/cast_element.h"
#include "ops/elementwise.h"
#include "ops/eltwise_program.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "CastLike";
  op.doc = "each element of `input` as the type of `target_type`, whose elements do not matter";
  op.since_opset = 15;
  op.inputs = {{"input", "any"}, {"target_type", "any"}};
  op.outputs = {{"output", "any"}};
  op.attrs = {{"saturate", AttrType::kInt}};
  op.layout = LayoutRule::kFollow;
  op.differentiability = Differentiability::kYes;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(1), context.input(0).dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(Tensor y, CastTensor(context.input(0), context.input(1).dtype()));
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

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) {
  EltwiseWriter writer({context.input(0).dtype});
  const EltwiseWriter::Value y = writer.Cast(writer.Input(0), context.input(1).dtype);
  auto program = writer.Finish({&y, 1}, context.target());
  if (!program.ok()) return OkStatus();
  const int inputs[] = {0};
  AddEltwiseChoice(context, *std::move(program), inputs);
  return OkStatus();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() { return CastSamples(/*like=*/true); }

}  // namespace

const OpDef& CastLikeOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.lower = Lower;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
