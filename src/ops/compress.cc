// Compress: the slices of the input along `axis` (its elements, without `axis`) for which
// `condition` holds; a condition that is too short drops what it does not reach.
// Opsets: 9, 11 (negative axis).
#include <limits>

#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// Positions below `size` for which the condition holds.
StatusOr<std::vector<std::int64_t>> Kept(const Tensor& condition, std::int64_t size) {
  if (condition.rank() != 1) {
    return InvalidArgument("condition has shape ", condition.shape().ToString(),
                           ", expected a vector");
  }
  if (condition.num_elements() > size) {
    return InvalidArgument("condition has ", condition.num_elements(), " elements for ", size,
                           " slices");
  }
  std::vector<std::int64_t> kept;
  const std::span<const bool> flags = condition.data<bool>();
  for (std::size_t i = 0; i < flags.size(); ++i) {
    if (flags[i]) kept.push_back(static_cast<std::int64_t>(i));
  }
  return kept;
}

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), std::nullopt);
  std::optional<std::int64_t> count;
  if (const Tensor* condition = context.constant(1); condition != nullptr) {
    PLUMB_ASSIGN_OR_RETURN(const auto kept,
                           Kept(*condition, std::numeric_limits<std::int64_t>::max()));
    count = static_cast<std::int64_t>(kept.size());
  }
  const Dim dim = count.has_value() ? Dim(*count) : context.FreshDim();
  if (!context.attrs().Has("axis")) {
    context.SetOutput(0, context.dtype(0), DimVector{dim});
    return OkStatus();
  }
  if (!context.has_dims(0)) return OkStatus();
  DimVector out = context.dims(0);
  PLUMB_ASSIGN_OR_RETURN(
      const int axis, NormalizeAxis(context.attrs().Int("axis", 0), static_cast<int>(out.size())));
  out[static_cast<std::size_t>(axis)] = dim;
  context.SetOutput(0, context.dtype(0), out);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  Tensor input = context.input(0);
  int axis = 0;
  if (context.attrs().Has("axis")) {
    PLUMB_ASSIGN_OR_RETURN(axis, NormalizeAxis(context.attrs().Int("axis", 0), input.rank()));
  } else {
    input = input.Reshaped(Shape{input.num_elements()});
  }
  PLUMB_ASSIGN_OR_RETURN(const auto kept, Kept(context.input(1), input.shape()[axis]));
  Shape out = input.shape();
  out[axis] = static_cast<std::int64_t>(kept.size());
  const Strides strides = RowMajorStrides(input.shape());
  return CopyByIndex(context, input, out, [&](const Dims& index) {
    const std::int64_t from = kept[static_cast<std::size_t>(index[axis])];
    return DotIndex(index, strides) + (from - index[axis]) * strides[axis];
  });
}

// --- samples ---
std::vector<Sample> Samples() {
  const auto flags = [](std::vector<double> values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return Given(DType::kBool, {count}, std::move(values));
  };
  return {
      {.name = "rows", .inputs = {F32({3, 2}), flags({0, 1, 1})}, .attrs = Attrs({{"axis", 0}})},
      {.name = "columns",
       .inputs = {F32({2, 3}), flags({1, 0, 1})},
       .attrs = Attrs({{"axis", -1}})},
      {.name = "constant",
       .inputs = {F32({2, 3}), Constant(flags({0, 1}))},
       .attrs = Attrs({{"axis", 1}})},
      {.name = "elements", .inputs = {F32({2, 3}), flags({0, 1, 0, 0, 1})}}};
}

}  // namespace

const OpDef& CompressOp() {
  static const OpDef op{
      .name = "Compress",
      .doc = "the slices along `axis` for which the condition holds",
      .since_opset = 9,
      .inputs = {{"input", "T=any"}, {"condition", "bool"}},
      .outputs = {{"output", "T=any"}},
      .attrs = {{"axis", AttrType::kInt}},
      .data_dependent_shape = true,
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = PickGradient,
      .cost = MovementCost,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
