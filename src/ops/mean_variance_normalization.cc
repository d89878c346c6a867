// MeanVarianceNormalization: y = (x - mean) / (deviation + 1e-9) over some axes.
#include <cmath>
#include <vector>

#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/number.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

constexpr double kEpsilon = 1e-9;

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "MeanVarianceNormalization";
  op.doc = "Y = (X - mean) / (sqrt(var) + 1e-9) over `axes`, which are 0, 2, 3 unless given";
  op.since_opset = 9;
  op.inputs = {{"X", "T=float"}};
  op.outputs = {{"Y", "T"}};
  op.attrs = {{"axes", AttrType::kInts}};
  op.differentiability = Differentiability::kYes;
  return op;
}

std::vector<std::int64_t> Axes(const AttrMap& attrs) { return attrs.Ints("axes", {0, 2, 3}); }

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  if (context.has_dims(0)) {
    for (const std::int64_t axis : Axes(context.attrs())) {
      const auto rank = static_cast<int>(context.dims(0).size());
      PLUMB_RETURN_IF_ERROR(NormalizeAxis(axis, rank).status());
    }
  }
  context.SetOutput(0, context.dtype(0), context.input(0).dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  const Strides strides = RowMajorStrides(x.shape());
  Shape kept = x.shape(), reduced(x.rank(), 1);
  for (const std::int64_t axis : Axes(context.attrs())) {
    PLUMB_ASSIGN_OR_RETURN(const int at, NormalizeAxis(axis, x.rank()));
    kept[at] = 1;
    reduced[at] = x.shape()[at];
  }
  std::vector<double> values = ToDoubles(x);
  ForEachOffset<1>(kept, {strides}, [&](const auto& outer) {
    const auto each = [&](auto&& fn) {
      ForEachOffset<1>(reduced, {strides}, [&](const auto& inner) {
        fn(values[static_cast<std::size_t>(outer[0] + inner[0])]);
      });
    };
    double count = 0, mean = 0, variance = 0;
    each([&](double value) { mean += value, count += 1; });
    mean /= count;
    each([&](double value) { variance += (value - mean) * (value - mean); });
    const double deviation = std::sqrt(variance / count) + kEpsilon;
    each([&](double& value) { value = (value - mean) / deviation; });
  });
  context.SetOutput(0, FromDoubles(x.dtype(), x.shape(), values));
  return OkStatus();
}

// --- gradient ---------------------------------------------------------------------------------
// With d the deviation and c = x - mean: dx = (dy - mean dy - c mean(dy c) / (d (d + e))) / (d +
// e).
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const std::vector<std::int64_t> axes = Axes(context.node().attrs);
  const auto mean = [&](const Expr& e) { return Reduce("ReduceMean", e, axes, /*keep=*/true); };
  const Expr centred = x - mean(x);
  const Expr deviation = Sqrt(mean(Square(centred)));
  const Expr divisor = deviation + kEpsilon;
  const Expr pull = centred * mean(dy * centred) / (deviation * divisor);
  context.SetInputGradient(0, ((dy - mean(dy) - pull) / divisor).id());
  return context.builder().status();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 6); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  return {{"image", {F32({2, 3, 4, 5})}, {}},
          {"rows", {F32({3, 17})}, Attrs({{"axes", Sizes{-1}}})},
          {"leading axes", {F32({3, 4, 2})}, Attrs({{"axes", Sizes{0, 1}}})}};
}

}  // namespace

const OpDef& MeanVarianceNormalizationOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = CostOf;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
