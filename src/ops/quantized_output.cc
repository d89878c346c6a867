#include "ops/quantized_output.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ops/activation.h"
#include "ops/number.h"
#include "ops/quantize.h"

namespace plumb::ops {
namespace {

StatusOr<double> ScalarOf(const ReferenceContext& context, int i, double absent) {
  if (!context.has_input(i)) return absent;
  const Tensor& tensor = context.input(i);
  if (tensor.num_elements() != 1) {
    return InvalidArgument("input ", i, " has shape ", tensor.shape().ToString(),
                           ", expected a scalar");
  }
  return ToDoubles(tensor)[0];
}

// Values per index of an axis; one value serves all.
StatusOr<std::vector<double>> PerChannel(const ReferenceContext& context, int i, double absent,
                                         std::int64_t channels) {
  std::vector<double> values(static_cast<std::size_t>(channels), absent);
  if (!context.has_input(i)) return values;
  const std::vector<double> given = ToDoubles(context.input(i));
  if (given.size() == 1) {
    std::fill(values.begin(), values.end(), given[0]);
  } else if (given.size() == values.size()) {
    values = given;
  } else {
    return InvalidArgument("input ", i, " has ", given.size(), " values, expected 1 or ", channels);
  }
  return values;
}

// Steps from a zero point that an 8-bit type can count.
struct Range {
  float low, high;
};
StatusOr<Range> StepsOf(DType type, double zero) {
  PLUMB_ASSIGN_OR_RETURN(const IntegerRange range, RangeOf(type));
  return Range{static_cast<float>(range.low - zero), static_cast<float>(range.high - zero)};
}

}  // namespace

std::vector<Formal> QuantizedProductInputs() {
  return {{"x", "X=i8|u8"},
          {"x_scale", "f32"},
          {"x_zero_point", "X", Arity::kOptional},
          {"w", "W=i8|u8"},
          {"w_scale", "f32"},
          {"w_zero_point", "W", Arity::kOptional},
          {"y_scale", "f32", Arity::kOptional},
          {"y_zero_point", "i8|u8", Arity::kOptional},
          {"B", "i32", Arity::kOptional},
          {"residual", "R=i8|u8", Arity::kOptional},
          {"residual_scale", "f32", Arity::kOptional},
          {"residual_zero_point", "R", Arity::kOptional},
          {"inner_scale", "f32", Arity::kOptional},
          {"inner_zero_point", "i8|u8", Arity::kOptional}};
}

DType QuantizedOutputType(const InferContext& context) {
  if (!context.has_input(kYScale)) return DType::kFloat32;
  return context.has_input(kYZero) ? context.dtype(kYZero) : DType::kUInt8;
}

Status WriteQuantized(ReferenceContext& context, Tensor sums, int axis) {
  if (axis < 0) axis += sums.rank();
  const bool is_real = !context.has_input(kYScale);
  const bool adds = context.has_input(kResidual);
  const DType type = is_real                     ? DType::kFloat32
                     : context.has_input(kYZero) ? context.input(kYZero).dtype()
                                                 : DType::kUInt8;
  const std::int64_t channels = axis >= 0 && axis < sums.rank() ? sums.shape()[axis] : 1;
  const std::int64_t step =
      axis >= 0 && axis < sums.rank() ? RowMajorStrides(sums.shape())[axis] : 1;
  PLUMB_ASSIGN_OR_RETURN(const double x_scale, ScalarOf(context, kXScale, 1));
  PLUMB_ASSIGN_OR_RETURN(const double y_scale, ScalarOf(context, kYScale, 1));
  PLUMB_ASSIGN_OR_RETURN(const double y_zero, ScalarOf(context, kYZero, 0));
  PLUMB_ASSIGN_OR_RETURN(const double inner_scale, ScalarOf(context, kInnerScale, y_scale));
  PLUMB_ASSIGN_OR_RETURN(const double inner_zero, ScalarOf(context, kInnerZero, 0));
  PLUMB_ASSIGN_OR_RETURN(const double residual_scale, ScalarOf(context, kResidualScale, 1));
  PLUMB_ASSIGN_OR_RETURN(const double residual_zero, ScalarOf(context, kResidualZero, 0));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<double> w_scale,
                         PerChannel(context, kWScale, 1, channels));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<double> bias, PerChannel(context, kBias, 0, channels));
  PLUMB_ASSIGN_OR_RETURN(kernels::Epilogue epilogue, ReadActivation(context.attrs()));
  epilogue.alpha = static_cast<float>(epilogue.alpha / y_scale);
  epilogue.beta = static_cast<float>(epilogue.beta / y_scale);
  std::vector<double> residual;
  Range inner{};
  if (adds) {
    if (context.input(kResidual).shape() != sums.shape() || is_real) {
      return InvalidArgument("residual has shape ", context.input(kResidual).shape().ToString(),
                             ", expected that of a quantised result, ", sums.shape().ToString());
    }
    residual = ToDoubles(context.input(kResidual));
    const DType inner_type =
        context.has_input(kInnerZero) ? context.input(kInnerZero).dtype() : type;
    PLUMB_ASSIGN_OR_RETURN(inner, StepsOf(inner_type, inner_zero));
  }
  Range range{};
  if (!is_real) {
    PLUMB_ASSIGN_OR_RETURN(range, StepsOf(type, y_zero));
  }
  const float inner_step = static_cast<float>(inner_scale / y_scale);
  const float residual_step = static_cast<float>(residual_scale / y_scale);
  std::vector<double> result(static_cast<std::size_t>(sums.num_elements()));
  const auto values = sums.data<std::int64_t>();
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::size_t channel = i / static_cast<std::size_t>(step) % w_scale.size();
    const auto whole = static_cast<std::int32_t>(
        static_cast<std::uint32_t>(static_cast<std::uint64_t>(values[i])) +
        static_cast<std::uint32_t>(static_cast<std::int32_t>(bias[channel])));
    const float scale = static_cast<float>(x_scale * w_scale[channel] / inner_scale);
    float x = static_cast<float>(whole) * scale;
    if (adds) {
      x = std::nearbyint(std::clamp(x, inner.low, inner.high));
      const volatile float first = x * inner_step;
      const volatile float second =
          (static_cast<float>(residual[i]) - static_cast<float>(residual_zero)) * residual_step;
      x = first + second;
    }
    const double y = Activate(epilogue, x);
    if (!is_real && std::isnan(y)) {
      result[i] = y_zero;  // of a scale that is no number
      continue;
    }
    result[i] =
        is_real ? y
                : std::nearbyint(std::clamp(static_cast<float>(y), range.low, range.high)) + y_zero;
  }
  context.SetOutput(0, FromDoubles(type, sums.shape(), result));
  return OkStatus();
}

}  // namespace plumb::ops
