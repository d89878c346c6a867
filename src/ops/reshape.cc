// Reshape: the elements of `data` in the same order under another shape. In `shape`, -1 stands for
// what is left over; 0 copies the dimension of the input unless `allowzero` is set.
// Opsets: 5, 13, 14 (allowzero), 19, 21.
#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// Product of dims, nullopt when it has no form.
std::optional<Dim> Product(const DimVector& dims) {
  std::optional<Dim> product = Dim(1);
  for (const Dim& dim : dims) {
    if (product.has_value()) product = Dim::Multiply(*product, dim);
  }
  return product;
}

std::string Text(std::span<const std::int64_t> values) {
  std::string text;
  for (std::int64_t value : values) absl::StrAppend(&text, text.empty() ? "[" : ", ", value);
  return text.empty() ? "[]" : text + "]";
}

// The concrete shape that `target` asks for.
StatusOr<Shape> Resolve(const Shape& input, const std::vector<std::int64_t>& target,
                        bool allow_zero) {
  std::vector<std::int64_t> sizes = target;
  int open = -1;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0 && !allow_zero) {
      if (static_cast<int>(i) >= input.rank()) {
        return InvalidArgument("shape ", Text(target), " copies dimension ", i,
                               " of an input with shape ", input.ToString());
      }
      sizes[i] = input[static_cast<int>(i)];
    } else if (sizes[i] == -1) {
      if (open >= 0) return InvalidArgument("shape ", Text(target), " has more than one -1");
      open = static_cast<int>(i);
    } else if (sizes[i] < 0) {
      return InvalidArgument("shape ", Text(target), " has the size ", sizes[i]);
    }
  }
  const std::int64_t count = NumElements(input);
  if (open >= 0) {
    std::int64_t& left_over = sizes[static_cast<std::size_t>(open)];
    left_over = 1;
    PLUMB_ASSIGN_OR_RETURN(const std::int64_t known, CheckedNumElements(sizes));
    if (known == 0 ? count != 0 : count % known != 0) {
      return InvalidArgument("cannot reshape ", input.ToString(), " (", count, " elements) to ",
                             Text(target));
    }
    left_over = known == 0 ? 0 : count / known;
  }
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, MakeShape(sizes));
  if (NumElements(shape) != count) {
    return InvalidArgument("cannot reshape ", input.ToString(), " (", count, " elements) to ",
                           Text(target));
  }
  return shape;
}

// --- shape inference ---
// What -1 stands for: dimensions that occur on both sides cancel, the rest is multiplied.
Dim LeftOver(InferContext& context, const DimVector& known) {
  DimVector from = context.dims(0);
  DimVector divisor;
  for (const Dim& dim : known) {
    auto match = from.end();
    for (auto it = from.begin(); it != from.end(); ++it) {
      if (*it == dim && !dim.is_constant()) match = it;
    }
    if (match != from.end()) {
      from.erase(match);
    } else {
      divisor.push_back(dim);
    }
  }
  const std::optional<Dim> numerator = Product(from);
  const std::optional<Dim> denominator = Product(divisor);
  if (numerator.has_value() && denominator.has_value()) {
    if (*denominator == Dim(1)) return *numerator;
    if (*denominator != Dim(0)) {
      const std::optional<Dim> quotient = Dim::DivideExactly(*numerator, *denominator);
      if (quotient.has_value()) return *quotient;
    }
  }
  return context.FreshDim();
}

Status Infer(InferContext& context) {
  const std::optional<DimVector> target = context.content(1);
  if (!target.has_value()) {
    std::optional<DimVector> dims;
    if (context.has_dims(1) && context.dims(1).size() == 1 && context.dims(1)[0].is_constant() &&
        context.dims(1)[0].value() <= kMaxRank) {
      dims.emplace();
      for (std::int64_t i = 0; i < context.dims(1)[0].value(); ++i) {
        dims->push_back(context.FreshDim());
      }
    }
    context.SetOutput(0, context.dtype(0), dims);
    return OkStatus();
  }
  const bool allow_zero = context.attrs().Int("allowzero", 0) != 0;
  const std::optional<Shape> input =
      context.has_dims(0) ? ConcreteShape(context.dims(0)) : std::nullopt;
  const auto numbers = AllNumbers(*target);
  if (input.has_value() && numbers.has_value()) {
    PLUMB_ASSIGN_OR_RETURN(const Shape shape, Resolve(*input, *numbers, allow_zero));
    context.SetOutput(0, context.dtype(0), ToDims(shape));
    CopyContent(context);
    return OkStatus();
  }
  DimVector dims, known;
  int open = -1;
  for (std::size_t i = 0; i < target->size(); ++i) {
    Dim dim = (*target)[i];
    if (dim == Dim(-1)) {
      if (open >= 0) return InvalidArgument("shape has more than one -1");
      open = static_cast<int>(i);
      dims.push_back(dim);
      continue;
    }
    if (dim == Dim(0) && !allow_zero) {
      if (!context.has_dims(0)) {
        dim = context.FreshDim();
      } else if (i >= context.dims(0).size()) {
        return InvalidArgument("shape copies dimension ", i, " of an input of rank ",
                               context.dims(0).size());
      } else {
        dim = context.dims(0)[i];
      }
    }
    if (dim.is_constant() && dim.value() < 0) {
      return InvalidArgument("shape has the size ", dim.value());
    }
    dims.push_back(dim);
    known.push_back(dim);
  }
  if (open >= 0) {
    dims[static_cast<std::size_t>(open)] =
        context.has_dims(0) ? LeftOver(context, known) : context.FreshDim();
  }
  context.SetOutput(0, context.dtype(0), dims);
  CopyContent(context);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  if (context.input(1).rank() != 1) {
    return InvalidArgument("shape must be a vector, has shape ",
                           context.input(1).shape().ToString());
  }
  PLUMB_ASSIGN_OR_RETURN(const Shape shape,
                         Resolve(context.input(0).shape(), ToInt64s(context.input(1)),
                                 context.attrs().Int("allowzero", 0) != 0));
  context.SetOutput(0, context.input(0).Reshaped(shape));
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {
      {.name = "plain", .inputs = {F32({2, 3, 4}), ConstantInts({4, 6})}},
      {.name = "left_over", .inputs = {F32({2, 3, 4}), ConstantInts({3, -1, 2})}},
      {.name = "copied", .inputs = {F32({2, 3, 4}), ConstantInts({0, -1})}},
      {.name = "to_scalar", .inputs = {F32({1, 1}), ConstantInts({})}},
      {.name = "zero_allowed",
       .inputs = {F32({0, 3}), ConstantInts({3, 0})},
       .attrs = Attrs({{"allowzero", 1}})},
      {.name = "empty_left_over", .inputs = {F32({0, 3}), ConstantInts({0, -1})}},
      {.name = "shape_at_run_time", .inputs = {F32({2, 6}), Given(DType::kInt64, {2}, {3, 4})}},
  };
}

}  // namespace

const OpDef& ReshapeOp() {
  static const OpDef op{
      .name = "Reshape",
      .doc = "the same elements in the same order under the shape `shape` (0 copies, -1 fills up)",
      .inputs = {{"data", "T=any"}, {"shape", "index"}},
      .outputs = {{"reshaped", "T=any"}},
      .attrs = {{"allowzero", AttrType::kInt}},
      .aliases_input = true,
      .layout = LayoutRule::kMovement,
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = ReshapeGradient,
      .cost = AliasCost,
      .movement = SamePositions,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
