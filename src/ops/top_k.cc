// TopK: the k largest (or smallest) elements along `axis` and their positions, best first; of equal
// elements the one at the lower position comes first. NaN counts as larger than any number.
// Opsets: 1 (k is an attribute), 10 (an input), 11 (largest, sorted).
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/number.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

StatusOr<std::int64_t> CountOf(std::span<const std::int64_t> k, std::int64_t dim) {
  if (k.size() != 1) return InvalidArgument("K has ", k.size(), " elements, expected 1");
  if (k[0] < 0 || k[0] > dim) return InvalidArgument("K is ", k[0], ", the axis has ", dim);
  return k[0];
}

// --- shape inference ---
Status Infer(InferContext& context) {
  std::optional<DimVector> out;
  if (context.has_dims(0)) {
    out = context.dims(0);
    PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(context.attrs().Int("axis", -1),
                                                         static_cast<int>(out->size())));
    Dim& dim = (*out)[static_cast<std::size_t>(axis)];
    const auto k = context.content(1);
    if (k.has_value() && k->size() == 1) {
      if (dim.is_constant() && (*k)[0].is_constant()) {
        const std::int64_t count = (*k)[0].value();
        PLUMB_RETURN_IF_ERROR(CountOf(std::span(&count, 1), dim.value()).status());
      }
      dim = (*k)[0];
    } else {
      dim = context.FreshDim();
    }
  }
  context.SetOutput(0, context.dtype(0), out);
  context.SetOutput(1, DType::kInt64, out);
  return OkStatus();
}

// --- reference ---
template <typename T>
bool IsLarger(T a, T b) {
  if constexpr (kIsReal<T>) {
    const double left = AsDouble(a), right = AsDouble(b);
    return std::isnan(left) ? !std::isnan(right) : left > right;
  } else {
    return a > b;
  }
}

template <typename T>
void Select(const Tensor& input, int axis, std::int64_t k, bool largest, Tensor* values,
            Tensor* positions) {
  const std::span<const T> in = input.data<T>();
  const std::span<T> out = values->mutable_data<T>();
  const std::span<std::int64_t> where = positions->mutable_data<std::int64_t>();
  const std::int64_t dim = input.shape()[axis];
  const std::int64_t inner = RowMajorStrides(input.shape())[axis];
  const std::int64_t lines = dim == 0 ? 0 : input.num_elements() / dim;
  std::vector<std::int64_t> order(static_cast<std::size_t>(dim));
  for (std::int64_t line = 0; line < lines; ++line) {
    const std::int64_t from = line / inner * dim * inner + line % inner;
    const std::int64_t to = line / inner * k * inner + line % inner;
    const auto at = [&](std::int64_t i) { return in[static_cast<std::size_t>(from + i * inner)]; };
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + k, order.end(),
                      [&](std::int64_t a, std::int64_t b) {
                        const T left = largest ? at(a) : at(b);
                        const T right = largest ? at(b) : at(a);
                        if (IsLarger(left, right)) return true;
                        return IsLarger(right, left) ? false : a < b;
                      });
    for (std::int64_t i = 0; i < k; ++i) {
      const std::int64_t chosen = order[static_cast<std::size_t>(i)];
      out[static_cast<std::size_t>(to + i * inner)] = at(chosen);
      where[static_cast<std::size_t>(to + i * inner)] = chosen;
    }
  }
}

Status Reference(ReferenceContext& context) {
  const Tensor& input = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const int axis,
                         NormalizeAxis(context.attrs().Int("axis", -1), input.rank()));
  PLUMB_ASSIGN_OR_RETURN(const std::int64_t k,
                         CountOf(ToInt64s(context.input(1)), input.shape()[axis]));
  Shape out = input.shape();
  out[axis] = k;
  PLUMB_ASSIGN_OR_RETURN(Tensor values, Tensor::TryAllocate(input.dtype(), out));
  PLUMB_ASSIGN_OR_RETURN(Tensor positions, Tensor::TryAllocate(DType::kInt64, out));
  const bool largest = context.attrs().Int("largest", 1) != 0;
  const bool done = VisitNumber(
      input.dtype(),
      [&](auto zero) {
        Select<decltype(zero)>(input, axis, k, largest, &values, &positions);
        return true;
      },
      false);
  if (!done) return InvalidArgument("elements of type ", Str(DTypeName(input.dtype())));
  context.SetOutput(0, std::move(values));
  if (context.wants_output(1)) context.SetOutput(1, std::move(positions));
  return OkStatus();
}

// --- gradient ---
// dy goes back to where the chosen elements were.
Status Gradient(GradientContext& context) {
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  const std::int64_t axis = context.node().attrs.Int("axis", -1);
  AttrMap attrs = context.node().attrs;
  Expr positions = OutputOf(context, 1);
  if (!positions.present()) {
    GraphBuilder& builder = context.builder();
    const std::vector<ValueId> again =
        builder.CallN("TopK", {context.input(0), context.input(1)}, 2, attrs);
    positions = Expr(&builder, again[1]);
  }
  const Expr zeros = Call("ConstantOfShape", {ShapeOf(InputOf(context, 0))},
                          Attrs({{"value", Tensor::Zeros(gradient.dtype(), Shape{1})}}));
  context.SetInputGradient(0, Call("ScatterElements", {zeros, positions, gradient},
                                   Attrs({{"axis", axis}, {"reduction", "add"}}))
                                  .id());
  return context.builder().status();
}

// --- cost ---
Cost CostOf(const ConcreteNode& node) {
  const std::int64_t count = NumElements(node.input_shapes[0]);
  const std::int64_t k = std::max<std::int64_t>(2, NumElements(node.output_shapes[0]));
  return StreamingCost(node, static_cast<double>(count) * std::log2(static_cast<double>(k)));
}

// --- upgrade ---
Status Upgrade(UpgradeContext& context) {
  if (context.opset() >= 10) return OkStatus();
  if (!context.attrs.Has("k")) return InvalidArgument("the attribute k is needed");
  context.inputs.push_back(context.IntsConstant({context.attrs.Int("k", 0)}));
  context.attrs.Erase("k");
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "last", .inputs = {F32({3, 7}), ConstantInts({3})}, .outputs = 2},
          {.name = "smallest",
           .inputs = {F32({4, 3, 2}), ConstantInts({2})},
           .attrs = Attrs({{"axis", 0}, {"largest", 0}}),
           .outputs = 2},
          {.name = "ties",
           .inputs = {Given(DType::kInt64, {6}, {1, 3, 3, 2, 3, 1}), ConstantInts({4})},
           .outputs = 2},
          {.name = "all", .inputs = {F32({2, 5}), ConstantInts({5})}, .outputs = 2},
          {.name = "none", .inputs = {F32({2, 5}), ConstantInts({0})}, .outputs = 2},
          {.name = "at_run_time",
           .inputs = {F32({2, 5}), Given(DType::kInt64, {1}, {2})},
           .outputs = 2}};
}

}  // namespace

const OpDef& TopKOp() {
  static const OpDef op{
      .name = "TopK",
      .doc = "the K largest or smallest elements along `axis` and their positions",
      .inputs = {{"X", "T=number"}, {"K", "index"}},
      .outputs = {{"Values", "T=number"}, {"Indices", "index"}},
      .attrs = {{"axis", AttrType::kInt}, {"largest", AttrType::kInt}, {"sorted", AttrType::kInt}},
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = Gradient,
      .cost = CostOf,
      .upgrade = Upgrade,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
