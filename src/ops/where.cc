// Where: y = condition ? X : Y, all three broadcast.
#include <vector>

#include "ops/elements.h"
#include "ops/elementwise.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "Where";
  op.doc = "output = condition ? X : Y, all three broadcast";
  op.since_opset = 9;
  op.inputs = {{"condition", "bool"}, {"X", "T=any"}, {"Y", "T"}};
  op.outputs = {{"output", "T"}};
  op.elementwise = true;
  op.layout = LayoutRule::kFollow;
  op.inplace_inputs = {1, 2};
  op.elementwise_code = InstructionCode(kernels::EltOp::kWhere);
  op.differentiability = Differentiability::kYes;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(InferBroadcast(context, context.dtype(1)));
  PropagateChoice(context);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& condition = context.input(0);
  const Tensor& x = context.input(1);
  const Tensor& y = context.input(2);
  if (condition.dtype() != DType::kBool || x.dtype() != y.dtype()) {
    return InvalidArgument("inputs are ", Str(DTypeName(condition.dtype())), ", ",
                           Str(DTypeName(x.dtype())), " and ", Str(DTypeName(y.dtype())),
                           ", expected bool and twice the same type");
  }
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, BroadcastInputs(context));
  PLUMB_ASSIGN_OR_RETURN(Tensor * output, context.Allocate(0, x.dtype(), shape));
  const ElementCopier from_x(x, output), from_y(y, output);
  const bool* choose = condition.data<bool>().data();
  std::int64_t i = 0;
  ForEachOffset<3>(shape,
                   {BroadcastStrides(condition.shape(), shape), BroadcastStrides(x.shape(), shape),
                    BroadcastStrides(y.shape(), shape)},
                   [&](const std::array<std::int64_t, 3>& at) {
                     if (choose[at[0]]) {
                       from_x.Copy(at[1], i++);
                     } else {
                       from_y.Copy(at[2], i++);
                     }
                   });
  return OkStatus();
}

// --- gradient ---------------------------------------------------------------------------------
Status Gradient(GradientContext& context) {
  const Expr condition = InputOf(context, 0), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const Expr zero = Number(dy, 0);
  SetGradient(context, 1, Where(condition, dy, zero));
  SetGradient(context, 2, Where(condition, zero, dy));
  return context.builder().status();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto condition = [](Sizes shape) { return Random(DType::kBool, std::move(shape), 0, 1); };
  const auto typed = [&](const char* name, DType type) {
    const double high = type == DType::kBool ? 1 : 100;
    return Sample{
        name, {condition({5, 7}), Random(type, {5, 7}, 0, high), Random(type, {7}, 0, high)},
        {},   1,
        0,    false};
  };
  return {
      {"same", {condition({2, 3, 17}), F32({2, 3, 17}), F32({2, 3, 17})}, {}},
      {"all ways", {condition({3, 1, 5}), F32({2, 1, 4, 1}), F32({4, 5})}, {}},
      {"scalars", {condition({4, 3}), F32({}), F32({})}, {}},
      {"empty", {condition({0, 3}), F32({3}), F32({1})}, {}},
      typed("i64", DType::kInt64),
      typed("u8", DType::kUInt8),
      typed("f16", DType::kFloat16),
      typed("bool", DType::kBool),
  };
}

}  // namespace

const OpDef& WhereOp() {
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
