// Tile: the input repeated repeats[i] times along dimension i. Opsets: 6, 13.
#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

Status CheckRepeats(const std::vector<std::int64_t>& repeats, std::size_t rank) {
  if (repeats.size() != rank) {
    return InvalidArgument("repeats has ", repeats.size(), " elements, the input has rank ", rank);
  }
  for (std::int64_t repeat : repeats) {
    if (repeat < 0) return InvalidArgument("repeats has the element ", repeat);
  }
  return OkStatus();
}

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), std::nullopt);
  if (!context.has_dims(0)) return OkStatus();
  DimVector out = context.dims(0);
  const auto repeats = context.content(1);
  if (repeats.has_value() && repeats->size() != out.size()) {
    return InvalidArgument("repeats has ", repeats->size(), " elements, the input has rank ",
                           out.size());
  }
  const auto numbers = context.ints(1);
  if (numbers.has_value()) PLUMB_RETURN_IF_ERROR(CheckRepeats(*numbers, out.size()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto size = repeats.has_value() ? Dim::Multiply(out[i], (*repeats)[i]) : std::nullopt;
    out[i] = size.has_value() ? *size : context.FreshDim();
  }
  context.SetOutput(0, context.dtype(0), out);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Tensor& input = context.input(0);
  const std::vector<std::int64_t> repeats = ToInt64s(context.input(1));
  PLUMB_RETURN_IF_ERROR(CheckRepeats(repeats, static_cast<std::size_t>(input.rank())));
  std::vector<std::int64_t> sizes;
  for (int i = 0; i < input.rank(); ++i) {
    std::int64_t size = 0;
    if (__builtin_mul_overflow(input.shape()[i], repeats[static_cast<std::size_t>(i)], &size)) {
      return InvalidArgument("dimension ", i, " would have more than 2^62 elements");
    }
    sizes.push_back(size);
  }
  PLUMB_ASSIGN_OR_RETURN(const Shape out, MakeShape(sizes));
  const Strides strides = RowMajorStrides(input.shape());
  return CopyByIndex(context, input, out, [&](const Dims& index) {
    std::int64_t from = 0;
    for (int i = 0; i < index.rank(); ++i) from += index[i] % input.shape()[i] * strides[i];
    return from;
  });
}

// --- gradient ---
// dy as [repeat, size] pairs of dimensions, summed over the repeats.
Status Gradient(GradientContext& context) {
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  const Expr input = InputOf(context, 0);
  const std::optional<int> rank = input.rank();
  if (!rank.has_value()) return InvalidArgument("the rank of the input is not known");
  const Expr shape = ShapeOf(input);
  if (*rank == 0) {
    context.SetInputGradient(0, gradient.id());
    return OkStatus();
  }
  const Expr repeats = InputOf(context, 1);
  const Expr pairs =
      Call("Concat", {Unsqueeze(repeats, {1}), Unsqueeze(shape, {1})}, Attrs({{"axis", 1}}));
  std::vector<std::int64_t> repeat_axes;
  for (int i = 0; i < *rank; ++i) repeat_axes.push_back(2 * i);
  const Expr apart = Call("Reshape", {gradient, Reshape(pairs, Ints(gradient, {2 * *rank}))},
                          Attrs({{"allowzero", 1}}));
  context.SetInputGradient(0, Reduce("ReduceSum", apart, repeat_axes, false).id());
  return context.builder().status();
}

// --- lowering ---
StatusOr<Movement> MovementOf(const ConcreteNode& node) {
  const Shape& in = node.input_shapes[0];
  const auto repeats = KnownInts(node, 1);
  if (!repeats.has_value()) return Unimplemented("repeats are not known before it runs");
  PLUMB_RETURN_IF_ERROR(CheckRepeats(*repeats, static_cast<std::size_t>(in.rank())));
  const Strides src = RowMajorStrides(in);
  const Strides dst = RowMajorStrides(node.output_shapes[0]);
  Region region;
  for (int i = 0; i < in.rank(); ++i) {
    const std::int64_t repeat = (*repeats)[static_cast<std::size_t>(i)];
    if (region.sizes.rank() + in.rank() - i + (repeat != 1 ? 1 : 0) > kMaxRank) {
      return Unimplemented("too many dimensions are repeated");
    }
    if (repeat != 1) {
      region.sizes.Append(repeat);
      region.src_strides.Append(0);
      region.dst_strides.Append(in[i] * dst[i]);
    }
    region.sizes.Append(in[i]);
    region.src_strides.Append(src[i]);
    region.dst_strides.Append(dst[i]);
  }
  return Movement{.regions = {region}};
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "both", .inputs = {F32({2, 3}), ConstantInts({2, 3})}},
          {.name = "one_axis", .inputs = {F32({2, 1, 3}), ConstantInts({1, 4, 1})}},
          {.name = "nothing", .inputs = {F32({2, 3}), ConstantInts({0, 1})}},
          {.name = "at_run_time", .inputs = {F32({3}), Given(DType::kInt64, {1}, {2})}}};
}

}  // namespace

const OpDef& TileOp() {
  static const OpDef op{
      .name = "Tile",
      .doc = "the input repeated repeats[i] times along dimension i",
      .since_opset = 6,
      .inputs = {{"input", "T=any"}, {"repeats", "index"}},
      .outputs = {{"output", "T=any"}},
      .layout = LayoutRule::kMovement,
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = Gradient,
      .cost = MovementCost,
      .movement = MovementOf,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
