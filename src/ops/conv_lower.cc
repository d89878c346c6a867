// Lowering of Conv, ConvTranspose and their fused forms to kernels/conv.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/conv/conv.h"
#include "kernels/loose_float.h"
#include "ops/activation.h"
#include "ops/convolution.h"

namespace plumb::ops {
namespace {

using kernels::ConvProblem;
using kernels::ImageStrides;

ImageStrides StridesOf(const Operand& operand) {
  ImageStrides strides;
  strides.batch = operand.strides[0];
  strides.channel = operand.strides[1];
  const int rank = operand.shape.rank() - 2;
  for (int axis = 0; axis < rank; ++axis) {
    strides.spatial[static_cast<std::size_t>(3 - rank + axis)] = operand.strides[axis + 2];
  }
  return strides;
}

}  // namespace

ConvProblem ConvProblemOf(const LowerContext& context, const Convolution& c, bool transposed,
                          const kernels::Epilogue& epilogue) {
  ConvProblem problem;
  problem.transposed = transposed;
  problem.batch = c.batch;
  problem.in_channels = transposed ? c.small_channels : c.large_channels;
  problem.out_channels = transposed ? c.large_channels : c.small_channels;
  problem.group = c.group;
  for (int axis = 0; axis < c.window.rank; ++axis) {
    const auto slot = static_cast<std::size_t>(3 - c.window.rank + axis);
    problem.in_size[slot] = (transposed ? c.small : c.large)[axis];
    problem.out_size[slot] = (transposed ? c.large : c.small)[axis];
    problem.kernel[slot] = c.window.kernel[axis];
    problem.stride[slot] = c.window.stride[axis];
    problem.dilation[slot] = c.window.dilation[axis];
    problem.pad_begin[slot] = c.window.pad_begin[axis];
  }
  problem.src = StridesOf(context.input(0));
  problem.dst = StridesOf(context.output(0));
  problem.epilogue = epilogue;
  problem.epilogue.has_bias = context.has_input(2);
  problem.epilogue.has_residual = context.has_input(3);
  if (problem.epilogue.has_residual) problem.residual = StridesOf(context.input(3));
  return problem;
}

// Weights are few megabytes a layer: an aligned copy is made for the time of packing.
std::unique_ptr<float[]> ScaledWeight(const Tensor& weight, const Tensor& scale) {
  const auto count = static_cast<std::size_t>(weight.num_elements());
  auto weights = std::make_unique_for_overwrite<float[]>(count);
  const kernels::LooseFloat* from = static_cast<const kernels::LooseFloat*>(weight.unaligned());
  const float* factors = static_cast<const float*>(scale.raw());
  const std::size_t channels = factors != nullptr ? scale.data<float>().size() : 1;
  const std::size_t each = count / std::max<std::size_t>(1, channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const float factor = factors != nullptr ? factors[c] : 1.0f;
    for (std::size_t i = c * each; i < (c + 1) * each; ++i) weights[i] = from[i] * factor;
  }
  return weights;
}

namespace {

// What is packed: constants, of which all but the weight may be absent.
struct ConvConstants {
  Tensor weight, bias, scale;
};

void Pack(const ConvProblem& problem, const kernels::Algorithm& algorithm,
          const ConvConstants& constants, void* packed) {
  const auto weights = ScaledWeight(constants.weight, constants.scale);
  PackConv(problem, algorithm, weights.get(), static_cast<const float*>(constants.bias.raw()),
           packed);
  constants.weight.ReleasePages();
}

}  // namespace

// Weight, bias and scale are packed once, so they must be constants.
Status LowerConv(LowerContext& context, bool transposed) {
  const Operand& x = context.input(0);
  const Operand& weight = context.input(1);
  if (x.dtype != DType::kFloat32 || x.shape.rank() > 5 || weight.constant == nullptr) {
    return OkStatus();
  }
  for (int i : {2, 4}) {
    if (context.has_input(i) && context.input(i).constant == nullptr) return OkStatus();
  }
  PLUMB_ASSIGN_OR_RETURN(const Convolution c, (transposed ? MakeConvTranspose : MakeConv)(
                                                  context.attrs(), x.shape, weight.shape));
  PLUMB_ASSIGN_OR_RETURN(const kernels::Epilogue epilogue, ReadActivation(context.attrs()));
  const ConvProblem problem = ConvProblemOf(context, c, transposed, epilogue);
  std::vector<kernels::Algorithm> algorithms;
  if (context.chosen() != nullptr) {
    if (!ConvTakes(problem, *context.chosen())) return OkStatus();
    algorithms.push_back(*context.chosen());
  } else {
    ListConv(problem, context.target(), &algorithms);
  }
  for (const kernels::Algorithm& algorithm : algorithms) {
    KernelChoice choice;
    choice.algorithm = algorithm;
    choice.packed_bytes = PackedConvBytes(problem, algorithm);
    if (context.chosen() == nullptr) {
      choice.name = ConvAlgorithmName(algorithm);
      choice.estimate = EstimateConv(problem, algorithm, context.target());
      const auto constant = [&context](int i) {
        return context.has_input(i) ? *context.input(i).constant : Tensor();
      };
      const ConvConstants constants{*weight.constant, constant(2), constant(4)};
      choice.pack = [problem, algorithm, constants](void* packed) {
        Pack(problem, algorithm, constants, packed);
      };
    }
    choice.kernel = BindConv(problem, algorithm, context.target());
    choice.operands = {
        {OperandRef::kInput, 0},
        {OperandRef::kPacked, 0},
        problem.epilogue.has_residual ? OperandRef{OperandRef::kInput, 3} : OperandRef{},
        {OperandRef::kOutput, 0}};
    context.Add(std::move(choice));
  }
  return OkStatus();
}

}  // namespace plumb::ops
