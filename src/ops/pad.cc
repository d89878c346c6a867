// Pad: adds (or, where negative, removes) `pads` elements before and after each of `axes`, holding
// `constant_value`, the nearest edge, or the input mirrored or repeated.
// Opsets: 2 (attributes), 11 (inputs), 13, 18 (axes), 19 (wrap), 21.
#include <algorithm>
#include <utility>

#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

enum class Mode { kConstant, kEdge, kReflect, kWrap };

StatusOr<Mode> ModeOf(const AttrMap& attrs) {
  const std::string mode = attrs.String("mode", "constant");
  if (mode == "constant") return Mode::kConstant;
  if (mode == "edge") return Mode::kEdge;
  if (mode == "reflect") return Mode::kReflect;
  if (mode == "wrap") return Mode::kWrap;
  return InvalidArgument("mode '", mode, "', expected constant, edge, reflect or wrap");
}

struct AxisPads {
  std::int64_t before = 0, after = 0;
};

// `pads` is [before of each axis ..., after of each axis ...].
StatusOr<std::vector<AxisPads>> PadsPerAxis(const std::vector<std::int64_t>& pads,
                                            const std::optional<std::vector<std::int64_t>>& axes,
                                            int rank) {
  const std::size_t count = axes.has_value() ? axes->size() : static_cast<std::size_t>(rank);
  if (pads.size() != 2 * count) {
    return InvalidArgument("pads has ", pads.size(), " elements, expected ", 2 * count);
  }
  std::vector<AxisPads> result(static_cast<std::size_t>(rank));
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t stated = axes.has_value() ? (*axes)[i] : static_cast<std::int64_t>(i);
    PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(stated, rank));
    result[static_cast<std::size_t>(axis)] = {pads[i], pads[i + count]};
  }
  return result;
}

StatusOr<std::int64_t> PaddedSize(std::int64_t size, const AxisPads& pads, int axis) {
  std::int64_t padded = 0;
  if (__builtin_add_overflow(size, pads.before, &padded) ||
      __builtin_add_overflow(padded, pads.after, &padded) || padded < 0) {
    return InvalidArgument("pads of ", pads.before, " and ", pads.after, " on dimension ", axis,
                           " of size ", size);
  }
  return padded;
}

// Source position of destination position `i`, -1 where the constant goes.
std::int64_t SourceOf(std::int64_t i, std::int64_t size, std::int64_t before, Mode mode) {
  const std::int64_t at = i - before;
  if (at >= 0 && at < size) return at;
  switch (mode) {
    case Mode::kConstant: return -1;
    case Mode::kEdge: return at < 0 ? 0 : size - 1;
    case Mode::kWrap: return ((at % size) + size) % size;
    case Mode::kReflect: break;
  }
  if (size == 1) return 0;
  const std::int64_t period = 2 * (size - 1);
  const std::int64_t phase = ((at % period) + period) % period;
  return phase < size ? phase : period - phase;
}

StatusOr<Shape> PaddedShape(const Shape& in, const std::vector<AxisPads>& pads, Mode mode) {
  std::vector<std::int64_t> sizes;
  for (int axis = 0; axis < in.rank(); ++axis) {
    PLUMB_ASSIGN_OR_RETURN(const std::int64_t size,
                           PaddedSize(in[axis], pads[static_cast<std::size_t>(axis)], axis));
    if (mode != Mode::kConstant && in[axis] == 0 && size > 0) {
      return InvalidArgument("dimension ", axis, " is empty: there is nothing to pad it with");
    }
    sizes.push_back(size);
  }
  return MakeShape(sizes);
}

// One source position for each destination position, axis by axis.
std::vector<AxisMap> Maps(const Shape& in, const Shape& out, const std::vector<AxisPads>& pads,
                          Mode mode) {
  std::vector<AxisMap> maps;
  for (int axis = 0; axis < in.rank(); ++axis) {
    AxisMap& map = maps.emplace_back();
    for (std::int64_t i = 0; i < out[axis]; ++i) {
      map.push_back(SourceOf(i, in[axis], pads[static_cast<std::size_t>(axis)].before, mode));
    }
  }
  return maps;
}

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), std::nullopt);
  PLUMB_ASSIGN_OR_RETURN(const Mode mode, ModeOf(context.attrs()));
  if (!context.has_dims(0)) return OkStatus();
  DimVector out = context.dims(0);
  const int rank = static_cast<int>(out.size());
  const auto pads = context.ints(1), axes = context.ints(3);
  if (!pads.has_value() || (context.has_input(3) && !axes.has_value())) {
    for (Dim& dim : out) dim = context.FreshDim();
    context.SetOutput(0, context.dtype(0), out);
    return OkStatus();
  }
  PLUMB_ASSIGN_OR_RETURN(const auto per_axis, PadsPerAxis(*pads, axes, rank));
  for (int axis = 0; axis < rank; ++axis) {
    Dim& dim = out[static_cast<std::size_t>(axis)];
    const AxisPads& own = per_axis[static_cast<std::size_t>(axis)];
    if (dim.is_constant()) {
      PLUMB_ASSIGN_OR_RETURN(const std::int64_t size, PaddedSize(dim.value(), own, axis));
      dim = Dim(size);
    } else {
      std::int64_t sum = 0;
      if (__builtin_add_overflow(own.before, own.after, &sum)) {
        return InvalidArgument("pads of ", own.before, " and ", own.after, " on dimension ", axis);
      }
      const auto padded = Dim::Add(dim, Dim(sum));
      dim = padded.has_value() ? *padded : context.FreshDim();
    }
  }
  const auto in_shape = ConcreteShape(context.dims(0));
  if (in_shape.has_value()) {
    PLUMB_RETURN_IF_ERROR(PaddedShape(*in_shape, per_axis, mode).status());
  }
  context.SetOutput(0, context.dtype(0), out);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Tensor& input = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const Mode mode, ModeOf(context.attrs()));
  std::optional<std::vector<std::int64_t>> axes;
  if (context.has_input(3)) axes = ToInt64s(context.input(3));
  PLUMB_ASSIGN_OR_RETURN(const auto pads,
                         PadsPerAxis(ToInt64s(context.input(1)), axes, input.rank()));
  PLUMB_ASSIGN_OR_RETURN(const Shape out, PaddedShape(input.shape(), pads, mode));
  Tensor fill;
  if (mode == Mode::kConstant && context.has_input(2)) {
    fill = context.input(2);
    if (fill.num_elements() != 1) {
      return InvalidArgument("constant_value has shape ", fill.shape().ToString(),
                             ", expected a scalar");
    }
  }
  const Strides strides = RowMajorStrides(input.shape());
  return CopyByIndex(
      context, input, out,
      [&](const Dims& index) {
        std::int64_t from = 0;
        for (int axis = 0; axis < index.rank(); ++axis) {
          const std::int64_t at = SourceOf(index[axis], input.shape()[axis],
                                           pads[static_cast<std::size_t>(axis)].before, mode);
          if (at < 0) return std::int64_t{-1};
          from += at * strides[axis];
        }
        return from;
      },
      fill);
}

// --- gradient ---
// Constant mode: the pads are taken off again, what lay there belongs to the constant. The others
// add up what was copied several times.
Status Gradient(GradientContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const Mode mode, ModeOf(context.node().attrs));
  if (mode != Mode::kConstant) return PickGradient(context);
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  const Expr negative = -InputOf(context, 1);
  const Expr axes = InputOf(context, 3), value = InputOf(context, 2);
  const Expr none(&context.builder(), kNoValue);
  const Expr kept = axes.present() ? Call("Pad", {gradient, negative, none, axes})
                                   : Call("Pad", {gradient, negative});
  context.SetInputGradient(0, kept.id());
  if (value.present()) {
    const Expr added =
        Reduce("ReduceSum", gradient, {}, false) - Reduce("ReduceSum", kept, {}, false);
    context.SetInputGradient(2, Reshape(added, ShapeOf(value)).id());
  }
  return context.builder().status();
}

// --- lowering ---
bool IsZero(const Tensor& value) {
  const auto* bytes = static_cast<const unsigned char*>(value.raw());
  return std::all_of(bytes, bytes + value.bytes(), [](unsigned char byte) { return byte == 0; });
}

// Boxes around the copied one, read from the scalar at input 2: for each axis the slabs before and
// after, with the axes before it restricted to what is copied.
void AddConstantBoxes(const Shape& in, const Shape& out, const std::vector<AxisPads>& pads,
                      Movement* movement) {
  const Strides strides = RowMajorStrides(out);
  Shape sizes = out;
  std::int64_t offset = 0;
  for (int axis = 0; axis < out.rank(); ++axis) {
    const AxisPads& own = pads[static_cast<std::size_t>(axis)];
    const std::int64_t begin = std::clamp<std::int64_t>(own.before, 0, out[axis]);
    const std::int64_t end = std::clamp<std::int64_t>(own.before + in[axis], begin, out[axis]);
    for (const auto& [from, to] : {std::pair(std::int64_t{0}, begin), std::pair(end, out[axis])}) {
      if (from == to) continue;
      Region region{.source = 2,
                    .sizes = sizes,
                    .src_offset = 0,
                    .src_strides = Strides(out.rank(), 0),
                    .dst_offset = offset + from * strides[axis],
                    .dst_strides = strides};
      region.sizes[axis] = to - from;
      movement->regions.push_back(region);
    }
    sizes[axis] = end - begin;
    offset += begin * strides[axis];
  }
  movement->covers_all = true;
}

StatusOr<Movement> MovementOf(const ConcreteNode& node) {
  PLUMB_ASSIGN_OR_RETURN(const Mode mode, ModeOf(node.node->attrs));
  const bool has_axes = node.node->input(3) != kNoValue;
  const auto values = KnownInts(node, 1), axes = KnownInts(node, 3);
  if (!values.has_value() || (has_axes && !axes.has_value())) {
    return Unimplemented("pads are not known before it runs");
  }
  const Shape& in = node.input_shapes[0];
  PLUMB_ASSIGN_OR_RETURN(const auto pads, PadsPerAxis(*values, axes, in.rank()));
  PLUMB_ASSIGN_OR_RETURN(const Shape out, PaddedShape(in, pads, mode));
  PLUMB_ASSIGN_OR_RETURN(Movement movement, MappedAxes(Maps(in, out, pads, mode), in));
  const bool has_value = mode == Mode::kConstant && node.node->input(2) != kNoValue;
  if (has_value && !(node.constants[2] != nullptr && node.input_types[2] != DType::kString &&
                     IsZero(*node.constants[2]))) {
    AddConstantBoxes(in, out, pads, &movement);
  }
  return movement;
}

// --- upgrade ---
Status Upgrade(UpgradeContext& context) {
  if (context.opset() >= 11) return OkStatus();
  if (!context.attrs.Has("pads")) return InvalidArgument("the attribute pads is needed");
  context.inputs.push_back(context.IntsConstant(context.attrs.Ints("pads")));
  const float value = context.attrs.Float("value", 0);
  if (value != 0 && !context.inputs.empty()) {
    const DType type = context.builder().info(context.inputs[0]).dtype;
    context.inputs.push_back(
        context.builder().Scalar(type == DType::kUndefined ? DType::kFloat32 : type, value));
  }
  context.attrs.Erase("pads");
  context.attrs.Erase("value");
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  const auto mode = [](const char* name) { return Attrs({{"mode", name}}); };
  return {
      {.name = "zero", .inputs = {F32({2, 3}), ConstantInts({1, 0, 0, 2})}},
      {.name = "constant",
       .inputs = {F32({2, 3}), ConstantInts({1, 2, 0, 1}),
                  Constant(Given(DType::kFloat32, {}, {1.5}))}},
      {.name = "negative", .inputs = {F32({4, 5}), ConstantInts({-1, 1, 0, -2})}},
      {.name = "axes",
       .inputs = {F32({2, 3, 2}), ConstantInts({1, 1}), Omitted(), ConstantInts({-2})}},
      {.name = "edge", .inputs = {F32({2, 3}), ConstantInts({1, 2, 0, 1})}, .attrs = mode("edge")},
      {.name = "reflect",
       .inputs = {F32({3, 4}), ConstantInts({1, 2, 2, 3})},
       .attrs = mode("reflect")},
      {.name = "wrap", .inputs = {F32({2, 3}), ConstantInts({1, 4, 0, 1})}, .attrs = mode("wrap")},
  };
}

}  // namespace

const OpDef& PadOp() {
  static const OpDef op{
      .name = "Pad",
      .doc = "adds or removes elements at the ends of axes: constant, edge, reflect or wrap",
      .since_opset = 2,
      .inputs = {{"data", "T=any"},
                 {"pads", "index"},
                 {"constant_value", "T=any", Arity::kOptional},
                 {"axes", "index", Arity::kOptional}},
      .outputs = {{"output", "T=any"}},
      .attrs = {{"mode", AttrType::kString}},
      .layout = LayoutRule::kMovement,
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = Gradient,
      .cost = MovementCost,
      .movement = MovementOf,
      .upgrade = Upgrade,
      .samples = Samples,
      .fill_input = 2,
  };
  return op;
}

}  // namespace plumb::ops
