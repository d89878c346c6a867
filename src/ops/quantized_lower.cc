// Lowering of integer products to kernels/dot.
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "ops/activation.h"
#include "ops/convolution.h"
#include "ops/narrow_lower.h"
#include "ops/number.h"
#include "ops/product_layout.h"
#include "ops/quantize.h"
#include "ops/quantized_output.h"

namespace plumb::ops {
namespace {

// All that is packed, with one value for each output channel.
struct Constants {
  Tensor weight;
  std::vector<std::int32_t> zeros;  // empty: none
  std::vector<std::int32_t> bias;   // empty: none
  std::vector<float> scales;
};

double ScalarOr(const LowerContext& context, int i, double absent) {
  return context.has_input(i) ? ToDoubles(*context.input(i).constant)[0] : absent;
}

// Whether every input from the second on is a constant, the residual excepted, and those of one
// value are.
bool ConstantsKnown(const LowerContext& context) {
  for (int i = 1; i < context.num_inputs(); ++i) {
    if (i == kResidual || !context.has_input(i)) continue;
    const Operand& operand = context.input(i);
    if (operand.constant == nullptr) return false;
    const bool per_channel = i == kW || i == kWScale || i == kWZero || i == kBias;
    if (!per_channel && NumElements(operand.shape) != 1) return false;
  }
  return context.has_input(kResidual) == context.has_input(kResidualScale);
}

template <typename T>
bool PerChannel(const LowerContext& context, int i, std::int64_t channels, std::vector<T>* values) {
  if (!context.has_input(i)) return true;
  const std::vector<double> given = ToDoubles(*context.input(i).constant);
  if (given.size() != 1 && static_cast<std::int64_t>(given.size()) != channels) return false;
  for (std::int64_t c = 0; c < channels; ++c) {
    values->push_back(static_cast<T>(given[given.size() == 1 ? 0 : static_cast<std::size_t>(c)]));
  }
  return true;
}

// Whether an element less its zero point is no int8. Weights are [channels][others] in memory.
template <typename T>
bool Wide(const Constants& constants) {
  const auto each = static_cast<std::size_t>(constants.weight.num_elements()) /
                    std::max<std::size_t>(1, constants.scales.size());
  const T* row = constants.weight.data<T>().data();
  for (std::size_t channel = 0; channel < constants.scales.size(); ++channel, row += each) {
    const int zero = constants.zeros.empty() ? 0 : constants.zeros[channel];
    if (zero == 0 && std::is_signed_v<T>) continue;
    int outside = 0;
    for (std::size_t i = 0; i < each; ++i) outside |= (int{row[i]} - zero + 128) & ~255;
    if (outside != 0) return true;
  }
  return false;
}

// Scales, zero points and types; the geometry is the caller's. False: not for the kernels.
bool FillProblem(const LowerContext& context, std::int64_t channels, kernels::DotProblem* problem,
                 Constants* constants) {
  const double x_scale = ScalarOr(context, kXScale, 1);
  const double y_scale = ScalarOr(context, kYScale, 1);
  const double inner_scale = ScalarOr(context, kInnerScale, y_scale);
  std::vector<double> w_scales;
  if (!PerChannel(context, kWScale, channels, &w_scales) ||
      !PerChannel(context, kWZero, channels, &constants->zeros) ||
      !PerChannel(context, kBias, channels, &constants->bias)) {
    return false;
  }
  for (const double scale : w_scales) {
    constants->scales.push_back(static_cast<float>(x_scale * scale / inner_scale));
    if (!std::isfinite(constants->scales.back())) return false;
  }
  problem->src = context.input(kX).dtype;
  problem->dst = context.output(0).dtype;
  problem->src_zero = static_cast<std::int32_t>(ScalarOr(context, kXZero, 0));
  problem->dst_zero = static_cast<std::int32_t>(ScalarOr(context, kYZero, 0));
  kernels::Epilogue& epilogue = problem->geometry.epilogue;
  epilogue.alpha = static_cast<float>(epilogue.alpha / y_scale);
  epilogue.beta = static_cast<float>(epilogue.beta / y_scale);
  epilogue.has_bias = false;
  epilogue.has_residual = context.has_input(kResidual);
  if (epilogue.has_residual) {
    problem->residual = context.input(kResidual).dtype;
    problem->residual_zero = static_cast<std::int32_t>(ScalarOr(context, kResidualZero, 0));
    problem->residual_step = static_cast<float>(ScalarOr(context, kResidualScale, 1) / y_scale);
  }
  problem->requantizes = !epilogue.has_residual && context.has_input(kInnerScale);
  if (epilogue.has_residual || problem->requantizes) {
    problem->inner_step = static_cast<float>(inner_scale / y_scale);
    // Steps so large that both addends could be infinite are left to the reference.
    constexpr float kLargestStep = 1e36f;
    if (!(std::fabs(problem->residual_step) < kLargestStep) ||
        !(std::fabs(problem->inner_step) < kLargestStep)) {
      return false;
    }
    const DType inner =
        context.has_input(kInnerZero) ? context.input(kInnerZero).dtype : context.output(0).dtype;
    const StatusOr<IntegerRange> range = RangeOf(inner);
    if (!range.ok()) return false;
    const double zero = ScalarOr(context, kInnerZero, 0);
    problem->inner_low = static_cast<float>(range->low - zero);
    problem->inner_high = static_cast<float>(range->high - zero);
  }
  return true;
}

void AddChoices(LowerContext& context, kernels::DotProblem problem, Constants constants) {
  if (context.chosen() == nullptr) {
    problem.wide_weights = constants.weight.dtype() == DType::kInt8 ? Wide<std::int8_t>(constants)
                                                                    : Wide<std::uint8_t>(constants);
  }
  const auto shared = std::make_shared<const Constants>(std::move(constants));
  AddDotChoices(context, problem, context.has_input(kResidual) ? kResidual : -1,
                [problem, shared](const kernels::Algorithm& algorithm, void* packed) {
                  kernels::DotWeights weights;
                  weights.integers = shared->weight.raw();
                  weights.integer_type = shared->weight.dtype();
                  weights.zeros = shared->zeros.empty() ? nullptr : shared->zeros.data();
                  weights.integer_bias = shared->bias.empty() ? nullptr : shared->bias.data();
                  weights.scales = shared->scales.data();
                  PackDot(problem, algorithm, weights, packed);
                  shared->weight.ReleasePages();
                });
}

kernels::ImageStrides ImageStridesOf(const Operand& operand) {
  kernels::ImageStrides strides;
  strides.batch = operand.strides[0];
  strides.channel = operand.strides[1];
  const int rank = operand.shape.rank() - 2;
  for (int axis = 0; axis < rank; ++axis) {
    const int slot = 3 - rank + axis;
    strides.spatial[static_cast<std::size_t>(slot)] = operand.strides[axis + 2];
  }
  return strides;
}

}  // namespace

Status LowerQuantizedConv(LowerContext& context) {
  const Operand& x = context.input(kX);
  const Operand& weight = context.input(kW);
  if (x.shape.rank() > 5 || !ConstantsKnown(context)) return OkStatus();
  PLUMB_ASSIGN_OR_RETURN(const Convolution c, MakeConv(context.attrs(), x.shape, weight.shape));
  PLUMB_ASSIGN_OR_RETURN(const kernels::Epilogue epilogue, ReadActivation(context.attrs()));
  kernels::DotProblem problem;
  problem.geometry = ConvProblemOf(context, c, /*transposed=*/false, epilogue);
  if (context.has_input(kResidual)) {
    problem.geometry.residual = ImageStridesOf(context.input(kResidual));
  }
  Constants constants;
  constants.weight = *weight.constant;
  if (!FillProblem(context, c.small_channels, &problem, &constants)) return OkStatus();
  AddChoices(context, problem, std::move(constants));
  return OkStatus();
}

Status LowerQuantizedMatMul(LowerContext& context) {
  const Operand& a = context.input(kX);
  const Operand& b = context.input(kW);
  const Operand& y = context.output(0);
  if (!ConstantsKnown(context) || b.shape.rank() != 2 || a.shape.rank() < 2 || a.shape.rank() > 4) {
    return OkStatus();
  }
  PLUMB_ASSIGN_OR_RETURN(const kernels::Epilogue epilogue, ReadActivation(context.attrs()));
  const bool transposed = context.attrs().Int("transB", 0) != 0;
  const int rank = a.shape.rank();
  // Rows are pixels; leading dimensions are further axes of the image.
  const auto image = [rank](const Operand& operand) {
    kernels::ImageStrides strides;
    strides.channel = operand.strides[rank - 1];
    for (int axis = 0; axis < rank - 1; ++axis) {
      const int slot = 3 - (rank - 1) + axis;
      strides.spatial[static_cast<std::size_t>(slot)] = operand.strides[axis];
    }
    return strides;
  };
  kernels::DotProblem problem;
  kernels::ConvProblem& p = problem.geometry;
  p.batch = 1;
  p.in_channels = a.shape[rank - 1];
  p.out_channels = b.shape[transposed ? 0 : 1];
  for (int axis = 0; axis < rank - 1; ++axis) {
    const auto slot = static_cast<std::size_t>(3 - (rank - 1) + axis);
    p.in_size[slot] = p.out_size[slot] = a.shape[axis];
  }
  p.src = image(a);
  p.dst = image(y);
  p.epilogue = epilogue;
  if (context.has_input(kResidual)) p.residual = image(context.input(kResidual));
  Constants constants;
  constants.weight = *b.constant;
  if (!transposed && context.chosen() == nullptr) {
    // Output channels outermost, as in a convolution.
    constants.weight = Tensor::Zeros(b.dtype, {p.out_channels, p.in_channels});
    const auto* from = static_cast<const std::uint8_t*>(b.constant->raw());
    auto* to = static_cast<std::uint8_t*>(constants.weight.mutable_raw());
    for (std::int64_t i = 0; i < p.in_channels; ++i) {
      for (std::int64_t j = 0; j < p.out_channels; ++j) {
        to[j * p.in_channels + i] = from[i * p.out_channels + j];
      }
    }
  }
  if (!FillProblem(context, p.out_channels, &problem, &constants)) return OkStatus();
  AddChoices(context, problem, std::move(constants));
  return OkStatus();
}

}  // namespace plumb::ops
