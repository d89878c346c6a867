// Slice: output[i] = data[start + i * step] for each of `axes`. Starts and ends count from the end
// when negative and are clamped to the dimension; a negative step walks backwards.
// Opsets: 1 (attributes), 10 (inputs, steps), 11, 13.
#include <limits>

#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// What is taken of one dimension.
struct Extent {
  std::int64_t start = 0, step = 1, count = 0;
};

Extent ExtentOf(std::int64_t dim, std::int64_t start, std::int64_t end, std::int64_t step) {
  constexpr std::int64_t kFar = std::int64_t{1} << 60;  // beyond any dimension, far from overflow
  step = std::clamp(step, -kFar, kFar);
  if (start < 0) start += dim;
  if (end < 0) end += dim;
  Extent extent{.start = 0, .step = step, .count = 0};
  if (step > 0) {
    extent.start = std::clamp<std::int64_t>(start, 0, dim);
    end = std::clamp<std::int64_t>(end, 0, dim);
    if (end > extent.start) extent.count = (end - extent.start - 1) / step + 1;
  } else {
    extent.start = std::clamp<std::int64_t>(start, -1, dim - 1);
    end = std::clamp<std::int64_t>(end, -1, dim - 1);
    if (end < extent.start) extent.count = (extent.start - end - 1) / -step + 1;
  }
  if (extent.count == 0) extent.start = 0;
  if (extent.count <= 1) extent.step = 1;
  return extent;
}

// The inputs behind `data`, known as numbers.
struct Bounds {
  std::vector<std::int64_t> starts, ends, axes, steps;
};

// Fills what was omitted and makes the axes non-negative.
Status Complete(Bounds* bounds, bool has_axes, bool has_steps, int rank) {
  const std::size_t count = bounds->starts.size();
  if (!has_axes) {
    bounds->axes.clear();
    for (std::size_t i = 0; i < count; ++i) bounds->axes.push_back(static_cast<std::int64_t>(i));
  }
  if (!has_steps) bounds->steps.assign(count, 1);
  if (bounds->ends.size() != count || bounds->axes.size() != count ||
      bounds->steps.size() != count) {
    return InvalidArgument("starts, ends, axes and steps have ", count, ", ", bounds->ends.size(),
                           ", ", bounds->axes.size(), " and ", bounds->steps.size(),
                           " elements, expected as many of each");
  }
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < count; ++i) {
    PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(bounds->axes[i], rank));
    if ((seen >> axis & 1) != 0) return InvalidArgument("axis ", axis, " is sliced twice");
    seen |= std::uint32_t{1} << axis;
    bounds->axes[i] = axis;
    if (bounds->steps[i] == 0) return InvalidArgument("the step of axis ", axis, " is 0");
  }
  return OkStatus();
}

// One extent for each dimension.
std::vector<Extent> Extents(const Shape& in, const Bounds& bounds) {
  std::vector<Extent> extents;
  for (std::int64_t size : in) extents.push_back({0, 1, size});
  for (std::size_t i = 0; i < bounds.axes.size(); ++i) {
    extents[static_cast<std::size_t>(bounds.axes[i])] = ExtentOf(
        in[static_cast<int>(bounds.axes[i])], bounds.starts[i], bounds.ends[i], bounds.steps[i]);
  }
  return extents;
}

// --- shape inference ---
// Of a symbolic dimension only whole tails and heads have a form. They are right for every size
// that the model can run with; where the start lies beyond the end, the concrete inference says so.
Dim SymbolicExtent(const Dim& dim, std::int64_t start, std::int64_t end, std::int64_t step) {
  constexpr std::int64_t kOpenEnd = std::numeric_limits<std::int32_t>::max();
  if (step == -1 && (start == -1 || start >= kOpenEnd) && end <= -kOpenEnd) return dim;
  if (step != 1) return Dim::Anonymous();
  if (start >= 0 && end >= kOpenEnd) {
    const auto rest = Dim::Subtract(dim, Dim(start));
    return rest.has_value() ? *rest : Dim::Anonymous();
  }
  if (start >= 0 && end < 0 && end > -kOpenEnd) {
    const auto rest = Dim::Add(dim, Dim(end - start));
    return rest.has_value() ? *rest : Dim::Anonymous();
  }
  if (start < 0 && end < 0 && end > start && start > -kOpenEnd) return Dim(end - start);
  if (start < 0 && start > -kOpenEnd && end >= kOpenEnd) return Dim(-start);
  return Dim::Anonymous();
}

void SliceContent(InferContext& context, const Bounds& bounds) {
  const auto content = context.content(0);
  if (!content.has_value() || context.dims(0).size() != 1 || bounds.axes.size() != 1) return;
  const Extent extent = ExtentOf(static_cast<std::int64_t>(content->size()), bounds.starts[0],
                                 bounds.ends[0], bounds.steps[0]);
  if (extent.count > static_cast<std::int64_t>(kMaxContent)) return;
  DimVector taken;
  for (std::int64_t i = 0; i < extent.count; ++i) {
    taken.push_back((*content)[static_cast<std::size_t>(extent.start + i * extent.step)]);
  }
  SetKnownContent(context, taken);
}

Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), std::nullopt);
  if (!context.has_dims(0)) return OkStatus();
  const DimVector& in = context.dims(0);
  DimVector out = in;
  const auto starts = context.ints(1), ends = context.ints(2);
  const auto axes = context.ints(3), steps = context.ints(4);
  const bool has_axes = context.has_input(3), has_steps = context.has_input(4);
  const bool known = starts.has_value() && ends.has_value() && (!has_axes || axes.has_value()) &&
                     (!has_steps || steps.has_value());
  if (!known) {
    // Dimensions that are not sliced keep their size.
    for (std::size_t i = 0; i < out.size(); ++i) {
      bool kept = has_axes && axes.has_value();
      for (std::int64_t axis : axes.value_or(std::vector<std::int64_t>{})) {
        PLUMB_ASSIGN_OR_RETURN(const int normal, NormalizeAxis(axis, static_cast<int>(in.size())));
        kept = kept && normal != static_cast<int>(i);
      }
      if (!kept) out[i] = context.FreshDim();
    }
    context.SetOutput(0, context.dtype(0), out);
    return OkStatus();
  }
  Bounds bounds{*starts, *ends, axes.value_or(std::vector<std::int64_t>{}),
                steps.value_or(std::vector<std::int64_t>{})};
  PLUMB_RETURN_IF_ERROR(Complete(&bounds, has_axes, has_steps, static_cast<int>(in.size())));
  for (std::size_t i = 0; i < bounds.axes.size(); ++i) {
    Dim& dim = out[static_cast<std::size_t>(bounds.axes[i])];
    dim = dim.is_constant()
              ? Dim(ExtentOf(dim.value(), bounds.starts[i], bounds.ends[i], bounds.steps[i]).count)
              : SymbolicExtent(dim, bounds.starts[i], bounds.ends[i], bounds.steps[i]);
  }
  context.SetOutput(0, context.dtype(0), out);
  SliceContent(context, bounds);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Tensor& input = context.input(0);
  const auto read = [&](int i) {
    return context.has_input(i) ? ToInt64s(context.input(i)) : std::vector<std::int64_t>{};
  };
  Bounds bounds{read(1), read(2), read(3), read(4)};
  PLUMB_RETURN_IF_ERROR(
      Complete(&bounds, context.has_input(3), context.has_input(4), input.rank()));
  const std::vector<Extent> extents = Extents(input.shape(), bounds);
  const Strides strides = RowMajorStrides(input.shape());
  Shape out;
  for (const Extent& extent : extents) out.Append(extent.count);
  return CopyByIndex(context, input, out, [&](const Dims& index) {
    std::int64_t from = 0;
    for (int axis = 0; axis < index.rank(); ++axis) {
      const Extent& extent = extents[static_cast<std::size_t>(axis)];
      from += (extent.start + index[axis] * extent.step) * strides[axis];
    }
    return from;
  });
}

// --- lowering ---
StatusOr<Movement> MovementOf(const ConcreteNode& node) {
  const auto has = [&](int i) { return node.node->input(i) != kNoValue; };
  const auto starts = KnownInts(node, 1), ends = KnownInts(node, 2);
  const auto axes = KnownInts(node, 3), steps = KnownInts(node, 4);
  if (!starts || !ends || (has(3) && !axes) || (has(4) && !steps)) {
    return Unimplemented("bounds of the slice are not known before it runs");
  }
  Bounds bounds{*starts, *ends, axes.value_or(std::vector<std::int64_t>{}),
                steps.value_or(std::vector<std::int64_t>{})};
  const Shape& in = node.input_shapes[0];
  PLUMB_RETURN_IF_ERROR(Complete(&bounds, has(3), has(4), in.rank()));
  const std::vector<Extent> extents = Extents(in, bounds);
  const Strides strides = RowMajorStrides(in);
  Shape out;
  Strides walk;
  std::int64_t offset = 0;
  for (int axis = 0; axis < in.rank(); ++axis) {
    const Extent& extent = extents[static_cast<std::size_t>(axis)];
    out.Append(extent.count);
    walk.Append(extent.step * strides[axis]);
    offset += extent.start * strides[axis];
  }
  return OneRegion(out, offset, walk);
}

// --- upgrade ---
Status Upgrade(UpgradeContext& context) {
  if (context.opset() >= 10) return OkStatus();
  for (const char* name : {"starts", "ends", "axes"}) {
    if (!context.attrs.Has(name)) continue;
    context.inputs.push_back(context.IntsConstant(context.attrs.Ints(name)));
    context.attrs.Erase(name);
  }
  if (context.inputs.size() < 3)
    return InvalidArgument("the attributes starts and ends are needed");
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {
      {.name = "middle",
       .inputs = {F32({4, 5, 2}), ConstantInts({1, 0}), ConstantInts({3, -1}),
                  ConstantInts({0, 1})}},
      {.name = "strided",
       .inputs = {F32({7}), ConstantInts({1}), ConstantInts({1000}), ConstantInts({0}),
                  ConstantInts({2})}},
      {.name = "backwards",
       .inputs = {F32({3, 6}), ConstantInts({-1}), ConstantInts({-1000}), ConstantInts({1}),
                  ConstantInts({-2})}},
      {.name = "default_axes", .inputs = {F32({3, 4}), ConstantInts({1, 1}), ConstantInts({3, 3})}},
      {.name = "empty", .inputs = {F32({3, 4}), ConstantInts({2}), ConstantInts({2})}},
      {.name = "bounds_at_run_time",
       .inputs = {F32({5, 2}), Given(DType::kInt64, {1}, {1}), Given(DType::kInt64, {1}, {4})}},
  };
}

}  // namespace

const OpDef& SliceOp() {
  static const OpDef op{
      .name = "Slice",
      .doc = "output[i] = data[start + i * step] along each of `axes`",
      .inputs = {{"data", "T=any"},
                 {"starts", "Tind=index"},
                 {"ends", "Tind=index"},
                 {"axes", "Tind=index", Arity::kOptional},
                 {"steps", "Tind=index", Arity::kOptional}},
      .outputs = {{"output", "T=any"}},
      .layout = LayoutRule::kMovement,
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = PickGradient,
      .cost = MovementCost,
      .movement = MovementOf,
      .upgrade = Upgrade,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
