#include "ops/quantize_lower.h"

#include <optional>
#include <utility>

#include "ops/eltwise_program.h"

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

void AddConversion(LowerContext& context, EltOp op, const Scale& scale) {
  EltwiseWriter writer({context.input(0).dtype});
  const Value result =
      writer.Rescale(op, writer.Input(0), context.output(0).dtype, scale.scale, scale.zero);
  auto program = writer.Finish({&result, 1}, context.target());
  const int inputs[] = {0};
  if (program.ok()) AddEltwiseChoice(context, *std::move(program), inputs);
}

}  // namespace

Status LowerQuantize(LowerContext& context) {
  const std::optional<Scale> scale = ScaleOf(context);
  if (scale && context.input(0).dtype == DType::kFloat32 && IsSmall(context.output(0).dtype)) {
    AddConversion(context, EltOp::kQuantize, *scale);
  }
  return OkStatus();
}

Status LowerDequantize(LowerContext& context) {
  const std::optional<Scale> scale = ScaleOf(context);
  if (scale && IsSmall(context.input(0).dtype) && context.output(0).dtype == DType::kFloat32) {
    AddConversion(context, EltOp::kDequantize, *scale);
  }
  return OkStatus();
}

}  // namespace plumb::ops
