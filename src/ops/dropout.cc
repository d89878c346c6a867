// Dropout: the identity, or with training_mode each element zeroed with probability `ratio` and the
// others divided by 1 - ratio.
#include <vector>

#include "core/random.h"
#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/number.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "Dropout";
  op.doc =
      "output = data, or in training data * mask / (1 - ratio), mask 0 with probability ratio; "
      "the mask follows from the seed and the position alone";
  op.since_opset = 7;
  op.inputs = {{"data", "T=float"},
               {"ratio", "T1=float", Arity::kOptional},
               {"training_mode", "bool", Arity::kOptional}};
  op.outputs = {{"output", "T"}, {"mask", "bool", Arity::kOptional}};
  op.attrs = {{"seed", AttrType::kInt}};
  op.random = true;
  op.layout = LayoutRule::kFollow;
  op.differentiability = Differentiability::kYes;
  return op;
}

// Without a training_mode input a node only passes its input on; `ratio` was an attribute before
// opset 12.
Status Upgrade(UpgradeContext& context) {
  context.attrs.Erase("ratio");
  const bool trains = context.inputs.size() > 2 && context.inputs[2] != kNoValue;
  if (!trains && context.num_outputs <= 1) context.replacement = {context.inputs[0]};
  return OkStatus();
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), context.input(0).dims);
  context.SetOutput(1, DType::kBool, context.input(0).dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
StatusOr<double> ReadRatio(const ReferenceContext& context) {
  if (!context.has_input(1)) return 0.5;
  const Tensor& ratio = context.input(1);
  if (ratio.num_elements() != 1 || !IsFloating(ratio.dtype())) {
    return InvalidArgument("ratio has shape ", ratio.shape().ToString(), ", expected a scalar");
  }
  const double value = ToDoubles(ratio)[0];
  if (!(value >= 0 && value < 1)) {
    return InvalidArgument("ratio is ", value, ", expected 0 to below 1");
  }
  return value;
}

Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const double ratio, ReadRatio(context));
  bool training = false;
  if (context.has_input(2)) {
    const Tensor& mode = context.input(2);
    if (mode.num_elements() != 1 || mode.dtype() != DType::kBool) {
      return InvalidArgument("training_mode is ", Str(DTypeName(mode.dtype())), " ",
                             mode.shape().ToString(), ", expected a scalar bool");
    }
    training = mode.data<bool>()[0];
  }
  std::vector<double> values = ToDoubles(x);
  std::vector<double> mask(values.size(), 1);
  if (training) {
    const auto seed = static_cast<std::uint64_t>(context.attrs().Int("seed", 0));
    for (std::size_t i = 0; i < values.size(); ++i) {
      // 32 random bits for each element, four to a counter.
      const std::uint32_t bits = Philox4x32(seed, i / 4, 0)[i % 4];
      mask[i] = bits * 0x1p-32 >= ratio ? 1 : 0;
      values[i] = mask[i] * values[i] / (1 - ratio);
    }
  }
  context.SetOutput(0, FromDoubles(x.dtype(), x.shape(), values));
  if (context.wants_output(1)) {
    context.SetOutput(1, FromDoubles(DType::kBool, x.shape(), mask));
  }
  return OkStatus();
}

// --- gradient ---------------------------------------------------------------------------------
// The same mask and scale: the mask follows from the seed.
Status Gradient(GradientContext& context) {
  const Expr dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const Expr ratio = InputOf(context, 1), mode = InputOf(context, 2);
  const AttrMap attrs = context.node().attrs;
  context.SetInputGradient(0, Call("Dropout", {dy, ratio, mode}, attrs).id());
  return context.builder().status();
}

// --- lowering ---------------------------------------------------------------------------------
// Where it is known that nothing is dropped, the input under another name.
StatusOr<Movement> MovementOf(const ConcreteNode& node) {
  const auto known = [&node](std::size_t i, double otherwise) -> std::optional<double> {
    if (i >= node.input_types.size() || node.input_types[i] == DType::kUndefined) return otherwise;
    const Tensor* tensor = node.constants[i];
    if (tensor == nullptr || tensor->num_elements() != 1) return std::nullopt;
    return ToDoubles(*tensor)[0];
  };
  const bool passes_on = known(2, 0) == 0 || known(1, 0.5) == 0;
  if (!passes_on || node.node->output(1) != kNoValue) {
    return Unimplemented("it drops elements, or has a mask");
  }
  return SamePositions(node);
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 10); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto ratio = [](double value) { return Constant(Given(DType::kFloat32, {}, {value})); };
  const SampleInput training = Constant(Given(DType::kBool, {}, {1}));
  const SampleInput inference = Constant(Given(DType::kBool, {}, {0}));
  const AttrMap seed = Attrs({{"seed", std::int64_t{7}}});
  return {
      {"identity", {F32({3, 17})}, {}},
      {"identity with mask", {F32({3, 5}), ratio(0.3)}, {}, 2},
      {"inference", {F32({4, 9}), ratio(0.4), inference}, seed},
      {"inference with mask", {F32({4, 9}), ratio(0.4), inference}, seed, 2},
      {"training", {F32({4, 9}), ratio(0.4), training}, seed, 1, 1e-5, false},
      {"training with mask", {F32({4, 9}), ratio(0.4), training}, seed, 2, 1e-5, false},
      {"nothing dropped", {F32({4, 9}), ratio(0), training}, seed, 1, 1e-5, false},
  };
}

}  // namespace

const OpDef& DropoutOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = CostOf;
    op.movement = MovementOf;
    op.upgrade = Upgrade;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
