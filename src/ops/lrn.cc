// LRN: each pixel divided by a power of the sum of squares over neighbouring channels:
//   y = x / (bias + alpha / size * sum of x^2 over channels c - floor((size-1)/2) ...
//            c + ceil((size-1)/2))^beta
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/norm/norm.h"
#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/lower.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "LRN";
  op.doc = "Y = X / (bias + alpha / size * sum of X^2 over `size` channels around it)^beta";
  op.inputs = {{"X", "T=float"}};
  op.outputs = {{"Y", "T"}};
  op.attrs = {{"alpha", AttrType::kFloat},
              {"beta", AttrType::kFloat},
              {"bias", AttrType::kFloat},
              {"size", AttrType::kInt, /*required=*/true}};
  op.layout = LayoutRule::kChannelsLast;
  op.differentiability = Differentiability::kYes;
  return op;
}

struct Form {
  double alpha, beta, bias;
  std::int64_t size;
  std::int64_t before() const { return (size - 1) / 2; }
  std::int64_t after() const { return size / 2; }
};

StatusOr<Form> ReadForm(const AttrMap& attrs) {
  const Form form = {attrs.Float("alpha", 1e-4f), attrs.Float("beta", 0.75f),
                     attrs.Float("bias", 1), attrs.Int("size", 0)};
  if (form.size < 1 || form.size > 1 << 20) {
    return InvalidArgument("attribute 'size' is ", form.size, ", expected 1 to ", 1 << 20);
  }
  return form;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(ReadForm(context.attrs()).status());
  if (context.has_dims(0) && context.dims(0).size() < 2) {
    return InvalidArgument("input has ", context.dims(0).size(), " dimensions, expected 2 or more");
  }
  context.SetOutput(0, context.dtype(0), context.input(0).dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const Form form, ReadForm(context.attrs()));
  if (x.rank() < 2)
    return InvalidArgument("input has ", x.rank(), " dimensions, expected 2 or more");
  const std::vector<double> src = ToDoubles(x);
  std::vector<double> dst(src.size());
  const std::int64_t channels = x.shape()[1];
  const std::int64_t pixels = RowMajorStrides(x.shape())[1];
  for (std::size_t i = 0; i < src.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const std::int64_t channel = at / pixels % channels;
    const std::int64_t first = std::max<std::int64_t>(0, channel - form.before());
    const std::int64_t last = std::min(channels - 1, channel + form.after());
    double sum = 0;
    for (std::int64_t c = first; c <= last; ++c) {
      const double value = src[static_cast<std::size_t>(at + (c - channel) * pixels)];
      sum += value * value;
    }
    const double base = form.bias + form.alpha / static_cast<double>(form.size) * sum;
    dst[i] = src[i] / std::pow(base, form.beta);
  }
  context.SetOutput(0, FromDoubles(x.dtype(), x.shape(), dst));
  return OkStatus();
}

// --- gradient ---------------------------------------------------------------------------------
// With s the sum over the window of channels, b = bias + alpha / size * s, and s' the sum over the
// windows that a channel is in: dx = dy / b^beta - 2 alpha beta / size * x * s'(dy y / b).
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), y = OutputOf(context), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  PLUMB_ASSIGN_OR_RETURN(const Form form, ReadForm(context.node().attrs));
  // Means over windows of channels: a pool over [batch, 1, channels, pixels].
  const auto window_mean = [&](const Expr& e, std::int64_t before, std::int64_t after) {
    const Expr batch = Call("Slice", {ShapeOf(e), Ints(e, {0}), Ints(e, {2})});
    const Expr shape = Call("Concat",
                            {Call("Slice", {batch, Ints(e, {0}), Ints(e, {1})}), Ints(e, {1}),
                             Call("Slice", {batch, Ints(e, {1}), Ints(e, {2})}), Ints(e, {-1})},
                            Attrs({{"axis", std::int64_t{0}}}));
    const Expr mean = Call("AveragePool", {Reshape(e, shape)},
                           Attrs({{"kernel_shape", Sizes{form.size, 1}},
                                  {"pads", Sizes{before, 0, after, 0}},
                                  {"count_include_pad", std::int64_t{1}}}));
    return Reshape(mean, ShapeOf(e));
  };
  const Expr base = form.bias + form.alpha * window_mean(Square(x), form.before(), form.after());
  const Expr power = Call("Pow", {base, Number(base, -form.beta)});
  const Expr spread = window_mean(dy * y / base, form.after(), form.before());
  context.SetInputGradient(0, (dy * power - x * spread * (2 * form.alpha * form.beta)).id());
  return context.builder().status();
}

// --- cost -------------------------------------------------------------------------------------
double OpsOfSize(std::int64_t size) { return 2 * static_cast<double>(size) + 8; }

Cost CostOf(const ConcreteNode& node) {
  return CostPerOutput(node, OpsOfSize(node.node->attrs.Int("size", 1)));
}

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) {
  const Operand& x = context.input(0);
  const Operand& y = context.output(0);
  PLUMB_ASSIGN_OR_RETURN(const Form form, ReadForm(context.attrs()));
  if (x.dtype != DType::kFloat32 || NumElements(x.shape) == 0) return OkStatus();
  const int rank = x.shape.rank();
  kernels::LrnProblem problem;
  problem.batch = x.shape[0];
  problem.channels = x.shape[1];
  for (int axis = 2; axis < rank; ++axis) {
    problem.pixels *= x.shape[axis];
    const bool merges =
        axis + 1 == rank || (x.strides[axis] == x.strides[axis + 1] * x.shape[axis + 1] &&
                             y.strides[axis] == y.strides[axis + 1] * y.shape[axis + 1]);
    if (!merges) return OkStatus();
  }
  problem.src_batch = x.strides[0];
  problem.src_channel = x.strides[1];
  problem.src_pixel = rank > 2 ? x.strides[rank - 1] : 0;
  problem.dst_batch = y.strides[0];
  problem.dst_channel = y.strides[1];
  problem.dst_pixel = rank > 2 ? y.strides[rank - 1] : 0;
  problem.size = static_cast<int>(form.size);
  problem.alpha = static_cast<float>(form.alpha);
  problem.beta = static_cast<float>(form.beta);
  problem.bias = static_cast<float>(form.bias);
  KernelChoice choice;
  choice.algorithm.id = 0;
  choice.name = "lrn";
  choice.estimate.ops = OpsOfSize(form.size) * static_cast<double>(NumElements(x.shape));
  choice.estimate.bytes = 8 * static_cast<double>(NumElements(x.shape));
  choice.kernel = BindLrn(problem, context.target());
  choice.operands = {{OperandRef::kInput, 0}, {OperandRef::kOutput, 0}};
  context.Add(std::move(choice));
  return OkStatus();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto attrs = [](std::int64_t size, float beta) {
    return Attrs({{"size", size}, {"alpha", 0.3f}, {"beta", beta}, {"bias", 1.5f}});
  };
  return {
      {"five channels", {F32({2, 17, 3, 4})}, attrs(5, 0.75f)},
      {"even size", {F32({1, 6, 3, 3})}, attrs(4, 0.5f)},
      {"more than there are", {F32({1, 3, 2, 2})}, attrs(9, 1.0f)},
      {"one", {F32({1, 4, 3})}, attrs(1, 0.6f)},
      {"defaults", {F32({1, 16, 5, 5})}, Attrs({{"size", std::int64_t{3}}})},
  };
}

}  // namespace

const OpDef& LRNOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = CostOf;
    op.lower = Lower;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
