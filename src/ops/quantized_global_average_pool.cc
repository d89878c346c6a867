// QuantizedGlobalAveragePool: the mean over all spatial dimensions, from integers to integers.
#include <utility>
#include <vector>

#include "kernels/pool/integer_average.h"
#include "ops/cost.h"
#include "ops/number.h"
#include "ops/pooling.h"
#include "ops/sample_inputs.h"
#include "ops/window.h"

namespace plumb::ops {
namespace {

enum Input : int { kX, kXScale, kXZero, kYScale, kYZero };

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "QuantizedGlobalAveragePool";
  op.domain = "plumb";
  op.doc =
      "Y = clamp(round(float(sum of x - x_zero_point) * float(x_scale / (y_scale * pixels)))) + "
      "y_zero_point, halves to even";
  op.inputs = {{"x", "T1=i8|u8"},
               {"x_scale", "f32"},
               {"x_zero_point", "T1", Arity::kOptional},
               {"y_scale", "f32"},
               {"y_zero_point", "T2=i8|u8"}};
  op.outputs = {{"Y", "T2"}};
  op.layout = LayoutRule::kChannelsLast;
  op.differentiability = Differentiability::kNot;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(InferGlobalPool(context));
  context.SetOutput(0, context.dtype(kYZero), context.outputs()[0].dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
struct Scales {
  float scale = 1;
  int x_zero = 0, y_zero = 0;
};

StatusOr<double> NumberOf(const Tensor& tensor, std::string_view name) {
  if (tensor.num_elements() == 1) return ToDoubles(tensor)[0];
  return InvalidArgument("input '", Str(name), "' has ", tensor.num_elements(),
                         " elements, expected one");
}

StatusOr<Scales> ReadScales(const Tensor& x_scale, const Tensor* x_zero, const Tensor& y_scale,
                            const Tensor& y_zero, std::int64_t pixels) {
  Scales scales;
  PLUMB_ASSIGN_OR_RETURN(const double from, NumberOf(x_scale, "x_scale"));
  PLUMB_ASSIGN_OR_RETURN(const double to, NumberOf(y_scale, "y_scale"));
  PLUMB_ASSIGN_OR_RETURN(const double y, NumberOf(y_zero, "y_zero_point"));
  scales.scale = static_cast<float>(from / (to * static_cast<double>(pixels)));
  scales.y_zero = static_cast<int>(y);
  if (x_zero == nullptr) return scales;
  PLUMB_ASSIGN_OR_RETURN(const double x, NumberOf(*x_zero, "x_zero_point"));
  scales.x_zero = static_cast<int>(x);
  return scales;
}

Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(kX);
  if (x.rank() < 3) {
    return InvalidArgument("input has ", x.rank(), " dimensions, expected 3 or more");
  }
  const std::int64_t pixels = NumElements(SpatialOf(x.shape()));
  const Tensor* const x_zero = context.has_input(kXZero) ? &context.input(kXZero) : nullptr;
  PLUMB_ASSIGN_OR_RETURN(const Scales scales,
                         ReadScales(context.input(kXScale), x_zero, context.input(kYScale),
                                    context.input(kYZero), pixels));
  const DType type = context.input(kYZero).dtype();
  Shape shape(x.rank(), 1);
  shape[0] = x.shape()[0];
  shape[1] = x.shape()[1];
  const std::vector<double> src = ToDoubles(x);
  std::vector<std::int64_t> means;
  for (std::int64_t i = 0; i < NumElements(shape); ++i) {
    std::int64_t sum = 0;
    for (std::int64_t p = 0; p < pixels; ++p) {
      sum += static_cast<std::int64_t>(src[static_cast<std::size_t>(i * pixels + p)]);
    }
    means.push_back(
        kernels::AverageOfSum(sum - pixels * scales.x_zero, scales.scale, scales.y_zero, type));
  }
  context.SetOutput(0, FromInt64s(type, shape, means));
  return OkStatus();
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) {
  const Operand& x = context.input(kX);
  const Operand& y = context.output(0);
  const int rank = x.shape.rank() - 2;
  if (rank < 1 || rank > 3 || NumElements(x.shape) == 0) return OkStatus();
  for (const int i : {kXScale, kXZero, kYScale, kYZero}) {
    if (context.has_input(i) && context.input(i).constant == nullptr) return OkStatus();
  }
  kernels::IntegerAverageProblem problem;
  const std::int64_t pixels = NumElements(SpatialOf(x.shape));
  const Tensor* const x_zero = context.has_input(kXZero) ? context.input(kXZero).constant : nullptr;
  PLUMB_ASSIGN_OR_RETURN(const Scales scales, ReadScales(*context.input(kXScale).constant, x_zero,
                                                         *context.input(kYScale).constant,
                                                         *context.input(kYZero).constant, pixels));
  problem.src = x.dtype;
  problem.dst = y.dtype;
  problem.batch = x.shape[0];
  problem.channels = x.shape[1];
  for (int axis = 0; axis < rank; ++axis) {
    problem.sizes[3 - rank + axis] = x.shape[axis + 2];
    problem.in_spatial[3 - rank + axis] = x.strides[axis + 2];
  }
  problem.in_batch = x.strides[0];
  problem.in_channel = x.strides[1];
  problem.out_batch = y.strides[0];
  problem.out_channel = y.strides[1];
  problem.x_zero = scales.x_zero;
  problem.y_zero = scales.y_zero;
  problem.scale = scales.scale;
  KernelChoice choice;
  choice.algorithm.id = 0;
  choice.name = "integer average";
  choice.estimate.ops = static_cast<double>(NumElements(x.shape));
  choice.estimate.bytes = static_cast<double>(NumElements(x.shape) + NumElements(y.shape));
  choice.kernel = BindIntegerAverage(problem);
  choice.operands = {{OperandRef::kInput, kX}, {OperandRef::kOutput, 0}};
  context.Add(std::move(choice));
  return OkStatus();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto scale = [](double value) { return Constant(Given(DType::kFloat32, {}, {value})); };
  const auto zero = [](DType type, double value) { return Constant(Given(type, {}, {value})); };
  return {
      {"u8",
       {Random(DType::kUInt8, {2, 17, 7, 5}, 0, 255), scale(0.02), zero(DType::kUInt8, 117),
        scale(0.004), zero(DType::kUInt8, 100)},
       {},
       1,
       0},
      {"i8 without a zero point, to u8",
       {Random(DType::kInt8, {1, 70, 3}, -128, 127), scale(0.1), Omitted(), scale(0.02),
        zero(DType::kUInt8, 128)},
       {},
       1,
       0},
      {"volume",
       {Random(DType::kUInt8, {1, 3, 2, 3, 4}, 0, 255), scale(0.5), zero(DType::kUInt8, 0),
        scale(0.25), zero(DType::kInt8, -128)},
       {},
       1,
       0},
  };
}

}  // namespace

const OpDef& QuantizedGlobalAveragePoolOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.cost = [](const ConcreteNode& node) { return CostPerInput(node, 1); };
    op.lower = Lower;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
