// Range: start, start + delta, start + 2 * delta, ... as long as it has not reached `limit`;
// max(0, ceil((limit - start) / delta)) elements. Opset: 11.
#include <cmath>

#include "ops/content.h"
#include "ops/movement.h"
#include "ops/number.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

StatusOr<std::int64_t> CountOfInts(std::int64_t start, std::int64_t limit, std::int64_t delta) {
  if (delta == 0) return InvalidArgument("delta is 0");
  const Wide span = delta > 0 ? Wide{limit} - start : Wide{start} - limit;
  const Wide step = delta > 0 ? Wide{delta} : -Wide{delta};
  const Wide count = span <= 0 ? 0 : (span - 1) / step + 1;
  if (count > Wide{1} << 60) return InvalidArgument("the range would have 2^60 elements or more");
  return static_cast<std::int64_t>(count);
}

// --- shape inference ---
Status Infer(InferContext& context) {
  for (int i = 0; i < 3; ++i) {
    if (context.has_dims(i) && ConcreteShape(context.dims(i)).has_value() &&
        NumElements(*ConcreteShape(context.dims(i))) != 1) {
      return InvalidArgument("start, limit and delta must be scalars");
    }
  }
  const auto start = context.content(0), limit = context.content(1), delta = context.content(2);
  Dim count = context.FreshDim();
  DimVector content;
  if (start.has_value() && limit.has_value() && delta.has_value() && start->size() == 1 &&
      limit->size() == 1 && delta->size() == 1) {
    const Dim &first = (*start)[0], &last = (*limit)[0], &step = (*delta)[0];
    if (first.is_constant() && last.is_constant() && step.is_constant()) {
      PLUMB_ASSIGN_OR_RETURN(const std::int64_t number,
                             CountOfInts(first.value(), last.value(), step.value()));
      count = Dim(number);
      for (std::int64_t i = 0; i < number && number <= static_cast<std::int64_t>(kMaxContent);
           ++i) {
        content.push_back(Dim(first.value() + i * step.value()));
      }
    } else if (step == Dim(1)) {
      const auto difference = Dim::Subtract(last, first);
      if (difference.has_value()) count = *difference;
    }
  }
  context.SetOutput(0, context.dtype(0), DimVector{count});
  SetKnownContent(context, content);
  return OkStatus();
}

// --- reference ---
template <typename T>
Status Fill(ReferenceContext& context) {
  const T start = context.input(0).data<T>()[0];
  const T limit = context.input(1).data<T>()[0];
  const T delta = context.input(2).data<T>()[0];
  std::int64_t count = 0;
  if constexpr (std::is_integral_v<T>) {
    PLUMB_ASSIGN_OR_RETURN(
        count, CountOfInts(static_cast<std::int64_t>(start), static_cast<std::int64_t>(limit),
                           static_cast<std::int64_t>(delta)));
  } else {
    if (AsDouble(delta) == 0) return InvalidArgument("delta is 0");
    const double steps = std::ceil((AsDouble(limit) - AsDouble(start)) / AsDouble(delta));
    if (!(steps < 0x1p60)) return InvalidArgument("the range would not end");
    count = std::max<std::int64_t>(0, static_cast<std::int64_t>(steps));
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor * out, context.Allocate(0, context.input(0).dtype(), Shape{count}));
  const std::span<T> values = out->mutable_data<T>();
  for (std::int64_t i = 0; i < count; ++i) {
    T& value = values[static_cast<std::size_t>(i)];
    if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(start + static_cast<T>(i) * delta);
    } else {
      value = FromDouble<T>(AsDouble(start) + static_cast<double>(i) * AsDouble(delta));
    }
  }
  return OkStatus();
}

Status Reference(ReferenceContext& context) {
  for (int i = 0; i < 3; ++i) {
    if (context.input(i).num_elements() != 1) {
      return InvalidArgument("start, limit and delta must be scalars, one has shape ",
                             context.input(i).shape().ToString());
    }
  }
  const DType type = context.input(0).dtype();
  if (type == DType::kBool) return InvalidArgument("a range of bool makes no sense");
  return VisitNumber(
      type,
      [&](auto zero) -> Status {
        using T = decltype(zero);
        if constexpr (std::is_same_v<T, bool>) {
          return Internal("bool");
        } else {
          return Fill<T>(context);
        }
      },
      Status(InvalidArgument("type ", Str(DTypeName(type)), " has no ranges")));
}

// --- samples ---
std::vector<Sample> Samples() {
  const auto scalar = [](DType type, double value) { return Given(type, {}, {value}); };
  return {
      {.name = "i64",
       .inputs = {scalar(DType::kInt64, 2), scalar(DType::kInt64, 11), scalar(DType::kInt64, 3)}},
      {.name = "backwards",
       .inputs = {Constant(scalar(DType::kInt32, 5)), Constant(scalar(DType::kInt32, -2)),
                  Constant(scalar(DType::kInt32, -2))}},
      {.name = "f32",
       .inputs = {scalar(DType::kFloat32, 0.5), scalar(DType::kFloat32, 2),
                  scalar(DType::kFloat32, 0.25)}},
      {.name = "empty",
       .inputs = {scalar(DType::kInt64, 3), scalar(DType::kInt64, 3), scalar(DType::kInt64, 1)}}};
}

}  // namespace

const OpDef& RangeOp() {
  static const OpDef op{
      .name = "Range",
      .doc = "start, start + delta, ... below limit",
      .since_opset = 11,
      .inputs = {{"start", "T=number"}, {"limit", "T=number"}, {"delta", "T=number"}},
      .outputs = {{"output", "T=number"}},
      .differentiability = Differentiability::kNot,
      .infer = Infer,
      .reference = Reference,
      .cost = MovementCost,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
