// Trilu: keeps the elements of each matrix on and above (upper = 1, the default) or on and below
// diagonal k, zeros elsewhere: j - i >= k or j - i <= k. Opset: 14.
#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- shape inference ---
Status Infer(InferContext& context) {
  if (context.has_dims(0) && context.dims(0).size() < 2) {
    return InvalidArgument("input has rank ", context.dims(0).size(), ", expected 2 or more");
  }
  context.SetOutput(0, context.dtype(0), context.input(0).dims);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Tensor& input = context.input(0);
  if (input.rank() < 2) {
    return InvalidArgument("input has rank ", input.rank(), ", expected 2 or more");
  }
  std::int64_t diagonal = 0;
  if (context.has_input(1)) {
    if (context.input(1).num_elements() != 1) return InvalidArgument("k must be a scalar");
    diagonal = ToInt64s(context.input(1))[0];
  }
  const bool upper = context.attrs().Int("upper", 1) != 0;
  const int rank = input.rank();
  const Strides strides = RowMajorStrides(input.shape());
  return CopyByIndex(context, input, input.shape(), [&](const Dims& index) {
    const std::int64_t offset = index[rank - 1] - index[rank - 2];
    const bool kept = upper ? offset >= diagonal : offset <= diagonal;
    return kept ? DotIndex(index, strides) : std::int64_t{-1};
  });
}

// --- gradient ---
Status Gradient(GradientContext& context) {
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  const AttrMap attrs = context.node().attrs;
  const Expr diagonal = InputOf(context, 1);
  context.SetInputGradient(0, (diagonal.present() ? Call("Trilu", {gradient, diagonal}, attrs)
                                                  : Call("Trilu", {gradient}, attrs))
                                  .id());
  return context.builder().status();
}

// --- samples ---
std::vector<Sample> Samples() {
  const auto k = [](double value) { return Constant(Given(DType::kInt64, {}, {value})); };
  return {{.name = "upper", .inputs = {F32({3, 4})}},
          {.name = "lower", .inputs = {F32({2, 4, 3}), k(1)}, .attrs = Attrs({{"upper", 0}})},
          {.name = "upper_below", .inputs = {F32({4, 4}), k(-2)}}};
}

}  // namespace

const OpDef& TriluOp() {
  static const OpDef op{
      .name = "Trilu",
      .doc = "the upper or lower triangle of each matrix, zeros elsewhere",
      .since_opset = 14,
      .inputs = {{"input", "T=any"}, {"k", "index", Arity::kOptional}},
      .outputs = {{"output", "T=any"}},
      .attrs = {{"upper", AttrType::kInt}},
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = Gradient,
      .cost = MovementCost,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
