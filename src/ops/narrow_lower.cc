// Lowering of narrow products (attribute `precision`) to kernels/dot.
#include "ops/narrow_lower.h"

#include <utility>
#include <vector>

#include "ops/activation.h"
#include "ops/convolution.h"
#include "ops/narrow_product.h"

namespace plumb::ops {

void AddDotChoices(LowerContext& context, const kernels::DotProblem& problem, int residual_input,
                   const std::function<void(const kernels::Algorithm&, void*)>& pack) {
  std::vector<kernels::Algorithm> algorithms;
  if (context.chosen() != nullptr) {
    if (!DotTakes(problem, *context.chosen())) return;
    algorithms.push_back(*context.chosen());
  } else {
    ListDot(problem, context.target(), &algorithms);
  }
  for (const kernels::Algorithm& algorithm : algorithms) {
    KernelChoice choice;
    choice.algorithm = algorithm;
    choice.packed_bytes = PackedDotBytes(problem, algorithm);
    if (context.chosen() == nullptr) {
      choice.name = DotAlgorithmName(algorithm);
      choice.estimate = EstimateDot(problem, algorithm, context.target());
      choice.pack = [pack, algorithm](void* packed) { pack(algorithm, packed); };
    }
    choice.kernel = BindDot(problem, algorithm, context.target());
    choice.operands = {
        {OperandRef::kInput, 0},
        {OperandRef::kPacked, 0},
        residual_input >= 0 ? OperandRef{OperandRef::kInput, residual_input} : OperandRef{},
        {OperandRef::kOutput, 0}};
    context.Add(std::move(choice));
  }
}

namespace {

Status LowerNarrowConv(LowerContext& context, bool transposed) {
  const Operand& x = context.input(0);
  const Operand& weight = context.input(1);
  if (x.shape.rank() > 5) return OkStatus();
  for (int i : {1, 2, 4}) {
    if (!context.has_input(i)) continue;
    const Operand& operand = context.input(i);
    if (operand.constant == nullptr || operand.dtype != DType::kFloat32) return OkStatus();
  }
  PLUMB_ASSIGN_OR_RETURN(const Convolution c, (transposed ? MakeConvTranspose : MakeConv)(
                                                  context.attrs(), x.shape, weight.shape));
  PLUMB_ASSIGN_OR_RETURN(const kernels::Epilogue epilogue, ReadActivation(context.attrs()));
  kernels::DotProblem problem;
  problem.geometry = ConvProblemOf(context, c, transposed, epilogue);
  problem.src = x.dtype;
  problem.dst = context.output(0).dtype;
  if (context.has_input(3)) problem.residual = context.input(3).dtype;
  const auto constant = [&context](int i) {
    return context.has_input(i) ? *context.input(i).constant : Tensor();
  };
  const Tensor weights = constant(1), bias = constant(2), scale = constant(4);
  AddDotChoices(context, problem, context.has_input(3) ? 3 : -1,
                [problem, weights, bias, scale](const kernels::Algorithm& algorithm, void* packed) {
                  const auto scaled = ScaledWeight(weights, scale);
                  kernels::DotWeights constants;
                  constants.values = scaled.get();
                  constants.bias = static_cast<const float*>(bias.raw());
                  PackDot(problem, algorithm, constants, packed);
                  weights.ReleasePages();
                });
  return OkStatus();
}

}  // namespace

std::vector<AttrDef> FusedConvAttrs(bool transposed) {
  std::vector<AttrDef> attrs = ConvAttrs(transposed);
  for (const AttrDef& attr : NarrowProductAttrs()) attrs.push_back(attr);
  for (const AttrDef& attr : ActivationAttrs()) attrs.push_back(attr);
  return attrs;
}

Status InferFusedConv(InferContext& context, bool transposed) {
  PLUMB_RETURN_IF_ERROR(ReadActivation(context.attrs()).status());
  PLUMB_RETURN_IF_ERROR(CheckProductTypes(context));
  PLUMB_RETURN_IF_ERROR(InferConv(context, transposed));
  PLUMB_ASSIGN_OR_RETURN(const DType type, ProductOutputType(context.attrs(), context.dtype(0)));
  context.SetOutput(0, type, context.outputs()[0].dims);
  return OkStatus();
}

Status LowerFusedConv(LowerContext& context, bool transposed) {
  PLUMB_ASSIGN_OR_RETURN(const DType product, ProductType(context.attrs()));
  return product != DType::kUndefined ? LowerNarrowConv(context, transposed)
                                      : LowerConv(context, transposed);
}

}  // namespace plumb::ops
