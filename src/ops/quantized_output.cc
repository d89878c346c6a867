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

namespace {

// Everything that turns a sum into an element of the result.
class Writer {
 public:
  static StatusOr<Writer> Make(const ReferenceContext& context, const Tensor& sums, int axis) {
    Writer w;
    w.is_real_ = !context.has_input(kYScale);
    w.type_ = w.is_real_                  ? DType::kFloat32
              : context.has_input(kYZero) ? context.input(kYZero).dtype()
                                          : DType::kUInt8;
    const bool has_axis = axis >= 0 && axis < sums.rank();
    const std::int64_t channels = has_axis ? sums.shape()[axis] : 1;
    w.step_ = has_axis ? static_cast<std::size_t>(RowMajorStrides(sums.shape())[axis]) : 1;
    PLUMB_ASSIGN_OR_RETURN(const double x_scale, ScalarOf(context, kXScale, 1));
    PLUMB_ASSIGN_OR_RETURN(const double y_scale, ScalarOf(context, kYScale, 1));
    PLUMB_ASSIGN_OR_RETURN(w.zero_, ScalarOf(context, kYZero, 0));
    PLUMB_ASSIGN_OR_RETURN(const double inner_scale, ScalarOf(context, kInnerScale, y_scale));
    PLUMB_ASSIGN_OR_RETURN(const std::vector<double> w_scale,
                           PerChannel(context, kWScale, 1, channels));
    for (const double scale : w_scale) {
      w.scales_.push_back(static_cast<float>(x_scale * scale / inner_scale));
    }
    PLUMB_ASSIGN_OR_RETURN(w.bias_, PerChannel(context, kBias, 0, channels));
    PLUMB_ASSIGN_OR_RETURN(w.epilogue_, ReadActivation(context.attrs()));
    w.epilogue_.alpha = static_cast<float>(w.epilogue_.alpha / y_scale);
    w.epilogue_.beta = static_cast<float>(w.epilogue_.beta / y_scale);
    if (!w.is_real_) {
      PLUMB_ASSIGN_OR_RETURN(w.range_, StepsOf(w.type_, w.zero_));
    }
    w.inner_step_ = static_cast<float>(inner_scale / y_scale);
    w.has_inner_ = context.has_input(kResidual) || context.has_input(kInnerScale);
    if (context.has_input(kResidual)) {
      PLUMB_RETURN_IF_ERROR(w.ReadResidual(context, sums.shape(), y_scale));
    }
    if (w.has_inner_) PLUMB_RETURN_IF_ERROR(w.ReadInner(context));
    return w;
  }

  DType type() const { return type_; }

  double Write(std::size_t i, std::int64_t sum) const {
    const std::size_t channel = i / step_ % scales_.size();
    const auto whole = static_cast<std::int32_t>(
        static_cast<std::uint32_t>(static_cast<std::uint64_t>(sum)) +
        static_cast<std::uint32_t>(static_cast<std::int32_t>(bias_[channel])));
    float x = static_cast<float>(whole) * scales_[channel];
    if (has_inner_) x = std::nearbyint(std::clamp(x, inner_.low, inner_.high)) * inner_step_;
    if (!residual_.empty()) {
      const volatile float first = x;
      const volatile float second =
          (static_cast<float>(residual_[i]) - residual_zero_) * residual_step_;
      x = first + second;
    }
    const double y = Activate(epilogue_, x);
    if (is_real_) return y;
    if (std::isnan(y)) return zero_;  // of a scale that is no number
    return std::nearbyint(std::clamp(static_cast<float>(y), range_.low, range_.high)) + zero_;
  }

 private:
  Status ReadInner(const ReferenceContext& context) {
    if (is_real_) return InvalidArgument("an inner scale is given without y_scale");
    PLUMB_ASSIGN_OR_RETURN(const double zero, ScalarOf(context, kInnerZero, 0));
    const DType type = context.has_input(kInnerZero) ? context.input(kInnerZero).dtype() : type_;
    PLUMB_ASSIGN_OR_RETURN(inner_, StepsOf(type, zero));
    return OkStatus();
  }

  Status ReadResidual(const ReferenceContext& context, const Shape& shape, double y_scale) {
    if (context.input(kResidual).shape() != shape || is_real_) {
      return InvalidArgument("residual has shape ", context.input(kResidual).shape().ToString(),
                             ", expected that of a quantised result, ", shape.ToString());
    }
    residual_ = ToDoubles(context.input(kResidual));
    PLUMB_ASSIGN_OR_RETURN(const double scale, ScalarOf(context, kResidualScale, 1));
    PLUMB_ASSIGN_OR_RETURN(const double zero, ScalarOf(context, kResidualZero, 0));
    residual_step_ = static_cast<float>(scale / y_scale);
    residual_zero_ = static_cast<float>(zero);
    return OkStatus();
  }

  bool is_real_ = false;
  bool has_inner_ = false;
  DType type_ = DType::kUndefined;
  std::size_t step_ = 1;
  double zero_ = 0;
  std::vector<float> scales_;
  std::vector<double> bias_;
  kernels::Epilogue epilogue_;
  Range range_{};
  Range inner_{};
  std::vector<double> residual_;  // empty: none
  float inner_step_ = 1, residual_step_ = 1, residual_zero_ = 0;
};

}  // namespace

bool ProductRequantizes(const ByteScale& from, const ByteScale& to) {
  const StatusOr<IntegerRange> range = RangeOf(from.type);
  StatusOr<Range> steps = StepsOf(to.type, to.zero);
  if (!range.ok() || !steps.ok()) return false;
  if (to.relu) steps->low = std::max(steps->low, 0.0f);
  const auto step = static_cast<float>(from.scale / to.scale);
  if (!std::isfinite(step)) return false;
  for (int q = static_cast<int>(range->low); q <= static_cast<int>(range->high); ++q) {
    const float x = static_cast<float>(q - from.zero) * step;
    const double y = std::nearbyint(std::clamp(x, steps->low, steps->high)) + to.zero;
    if (y != RequantizeOne(q, from, to)) return false;
  }
  return true;
}

Status WriteQuantized(ReferenceContext& context, const Tensor& sums, int axis) {
  if (axis < 0) axis += sums.rank();
  PLUMB_ASSIGN_OR_RETURN(const Writer writer, Writer::Make(context, sums, axis));
  std::vector<double> result(static_cast<std::size_t>(sums.num_elements()));
  const auto values = sums.data<std::int64_t>();
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = writer.Write(i, values[i]);
  context.SetOutput(0, FromDoubles(writer.type(), sums.shape(), result));
  return OkStatus();
}

}  // namespace plumb::ops
