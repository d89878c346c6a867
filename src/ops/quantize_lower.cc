#include "ops/quantize_lower.h"

#include <optional>
#include <utility>

#include "ops/eltwise_program.h"
#include "ops/quantize.h"

namespace plumb::ops {
namespace {

using kernels::EltOp;
using Value = EltwiseWriter::Value;

bool IsSmall(DType type) { return type == DType::kInt8 || type == DType::kUInt8; }

// The one element of a constant; nullopt where it is none or has several.
std::optional<double> ScalarOf(const LowerContext& context, int i) {
  const Tensor* constant = context.input(i).constant;
  if (constant == nullptr || constant->num_elements() != 1) return std::nullopt;
  return ToDoubles(*constant)[0];
}

struct Scale {
  double scale, zero;
};
std::optional<Scale> ScaleOf(const LowerContext& context) {
  if (context.input(1).dtype != DType::kFloat32) return std::nullopt;
  const std::optional<double> scale = ScalarOf(context, 1);
  const std::optional<double> zero = context.has_input(2) ? ScalarOf(context, 2) : 0.0;
  if (!scale || !zero) return std::nullopt;
  return Scale{*scale, *zero};
}

void AddProgram(LowerContext& context, EltwiseWriter& writer, const std::optional<Value>& result) {
  if (!result) return;
  auto program = writer.Finish({&*result, 1}, context.target());
  const int inputs[] = {0};
  if (program.ok()) AddEltwiseChoice(context, *std::move(program), inputs);
}

}  // namespace

Status LowerQuantize(LowerContext& context) {
  const DType from = context.input(0).dtype, to = context.output(0).dtype;
  const std::optional<Scale> scale = ScaleOf(context);
  if (from != DType::kFloat32 || !IsSmall(to) || !scale) return OkStatus();
  PLUMB_ASSIGN_OR_RETURN(const IntegerRange range, RangeOf(to));
  EltwiseWriter writer({from});
  const auto number = [](double value) { return EltwiseWriter::Scalar(DType::kFloat32, value); };
  std::optional<Value> x = writer.Write(EltOp::kDiv, {writer.Input(0), number(scale->scale)});
  if (x) x = writer.Write(EltOp::kRound, {*x});
  // Bounds before the zero point is added keep what is not a number at the zero point.
  if (x) x = writer.Write(EltOp::kClip, {*x}, range.low - scale->zero, range.high - scale->zero);
  if (x) x = writer.Cast(*x, DType::kInt32);
  if (x) x = writer.Write(EltOp::kAdd, {*x, EltwiseWriter::Scalar(DType::kInt32, scale->zero)});
  if (x) x = writer.Cast(*x, to);
  AddProgram(context, writer, x);
  return OkStatus();
}

Status LowerDequantize(LowerContext& context) {
  const DType from = context.input(0).dtype, to = context.output(0).dtype;
  const std::optional<Scale> scale = ScaleOf(context);
  if (to != DType::kFloat32 || !IsSmall(from) || !scale) return OkStatus();
  EltwiseWriter writer({from});
  const auto number = [](double value) { return EltwiseWriter::Scalar(DType::kFloat32, value); };
  std::optional<Value> x = writer.Cast(writer.Input(0), DType::kFloat32);
  if (scale->zero != 0) x = writer.Write(EltOp::kSub, {*x, number(scale->zero)});
  if (x) x = writer.Write(EltOp::kMul, {*x, number(scale->scale)});
  AddProgram(context, writer, x);
  return OkStatus();
}

}  // namespace plumb::ops
