#include "ops/softmax_family.h"

#include <utility>

#include "ops/cost.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {

// --- schema -----------------------------------------------------------------------------------
OpDef SoftmaxSchema(std::string_view name, std::string_view doc) {
  OpDef op;
  op.name = name;
  op.doc = doc;
  op.inputs = {{"input", "T=float"}};
  op.outputs = {{"output", "T"}};
  op.attrs = {{"axis", AttrType::kInt}};
  op.layout = LayoutRule::kFollow;
  op.inplace_inputs = {0};
  op.cost = [](const ConcreteNode& node) { return CostPerOutput(node, 16); };
  op.samples = SoftmaxSamples;
  op.infer = InferSoftmax;
  return op;
}

Status UpgradeSoftmax(UpgradeContext& context, std::string_view name) {
  if (context.opset() >= 13) return OkStatus();
  GraphBuilder& builder = context.builder();
  const std::int64_t axis = context.attrs.Int("axis", 1);
  const Expr x(&builder, context.inputs[0]);
  if (x.rank() && (axis == *x.rank() - 1 || axis == -1)) {
    context.attrs.Set("axis", axis);
    return OkStatus();
  }
  const Expr rows = Call("Flatten", {x}, Attrs({{"axis", axis}}));
  const Expr result = Call(name, {rows}, Attrs({{"axis", std::int64_t{-1}}}));
  context.replacement = {Reshape(result, ShapeOf(x)).id()};
  return builder.status();
}

// --- shape inference --------------------------------------------------------------------------
Status InferSoftmax(InferContext& context) {
  if (context.has_dims(0)) {
    const auto rank = static_cast<int>(context.dims(0).size());
    PLUMB_RETURN_IF_ERROR(NormalizeAxis(context.attrs().Int("axis", -1), rank).status());
  }
  context.SetOutput(0, context.dtype(0), context.input(0).dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status ReferenceRows(ReferenceContext& context, const std::function<void(std::span<double>)>& row) {
  const Tensor& x = context.input(0);
  if (!IsFloating(x.dtype())) {
    return InvalidArgument("input is ", Str(DTypeName(x.dtype())), ", expected a float type");
  }
  PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(context.attrs().Int("axis", -1), x.rank()));
  std::vector<double> values = ToDoubles(x);
  const auto length = static_cast<std::size_t>(x.shape()[axis]);
  const auto step = static_cast<std::size_t>(RowMajorStrides(x.shape())[axis]);
  std::vector<double> line(length);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i / step % length != 0) continue;  // not the first of its row
    for (std::size_t k = 0; k < length; ++k) line[k] = values[i + k * step];
    row(line);
    for (std::size_t k = 0; k < length; ++k) values[i + k * step] = line[k];
  }
  context.SetOutput(0, FromDoubles(x.dtype(), x.shape(), values));
  return OkStatus();
}

// --- lowering ---------------------------------------------------------------------------------
Status LowerSoftmax(LowerContext& context, kernels::SoftmaxKind kind) {
  const Operand& x = context.input(0);
  const Operand& y = context.output(0);
  if (x.dtype != DType::kFloat32 && x.dtype != DType::kFloat64) return OkStatus();
  if (x.shape.rank() > 7) return OkStatus();
  PLUMB_ASSIGN_OR_RETURN(const int axis,
                         NormalizeAxis(context.attrs().Int("axis", -1), x.shape.rank()));
  kernels::SoftmaxProblem problem;
  problem.kind = kind;
  problem.dtype = x.dtype;
  problem.sizes = x.shape;
  problem.axis = axis;
  problem.src_strides = x.strides;
  problem.dst_strides = y.strides;
  KernelChoice choice;
  choice.algorithm.id = 0;
  choice.name = "softmax";
  choice.estimate.ops = 16 * static_cast<double>(NumElements(x.shape));
  choice.estimate.bytes = 2 * static_cast<double>(StorageBytes(x.dtype, NumElements(x.shape)));
  choice.kernel = BindSoftmax(problem, context.target());
  choice.operands = {{OperandRef::kInput, 0}, {OperandRef::kOutput, 0}};
  context.Add(std::move(choice));
  return OkStatus();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> SoftmaxSamples() {
  const auto axis = [](std::int64_t a) { return Attrs({{"axis", a}}); };
  return {
      {"rows", {F32({3, 17}, -4, 4)}, {}},
      {"1000 classes", {F32({2, 1000}, -9, 9)}, {}},
      {"channels of an image", {F32({2, 5, 3, 4}, -4, 4)}, axis(1)},
      {"first axis", {F32({7, 3}, -4, 4)}, axis(0)},
      {"middle axis", {F32({2, 9, 16}, -4, 4)}, axis(-2)},
      {"one element", {F32({4, 1})}, {}},
      {"far apart",
       {Given(DType::kFloat32, {2, 3}, {1000, 0, -1000, -80, -90, -100})},
       {},
       1,
       1e-5,
       false},
      {"empty", {F32({0, 4})}, {}},
      {"vector", {F32({33}, -4, 4)}, {}},
      {"f64", {Random(DType::kFloat64, {3, 5}, -4, 4)}, {}},
      {"f16", {Random(DType::kFloat16, {3, 5}, -4, 4)}, {}, 1, 4e-3, false},
  };
}

}  // namespace plumb::ops
