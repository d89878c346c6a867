// Split: cuts the input along `axis` into parts of sizes `split`, or into `num_outputs` parts that
// are equal but for a smaller last one. Opsets: 2, 11 (negative axis), 13 (split became an input),
// 18 (num_outputs).
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// Sizes of the parts of a dimension of size `dim`.
StatusOr<std::vector<std::int64_t>> PartSizes(std::int64_t dim,
                                              const std::optional<std::vector<std::int64_t>>& split,
                                              int outputs) {
  if (!split.has_value()) {
    const std::int64_t chunk = (dim + outputs - 1) / outputs;
    std::vector<std::int64_t> sizes;
    for (int i = 0; i < outputs; ++i) {
      sizes.push_back(std::max<std::int64_t>(0, std::min(chunk, dim - i * chunk)));
    }
    return sizes;
  }
  if (static_cast<int>(split->size()) != outputs) {
    return InvalidArgument("split has ", split->size(), " sizes for ", outputs, " outputs");
  }
  std::int64_t rest = dim;
  for (std::int64_t size : *split) {
    if (size < 0 || size > rest) {
      return InvalidArgument("the sizes of split do not add up to the dimension ", dim);
    }
    rest -= size;
  }
  if (rest != 0) {
    return InvalidArgument("the sizes of split add up to ", dim - rest, ", the dimension is ", dim);
  }
  return *split;
}

Status CheckCount(const Node& node) {
  const auto outputs = static_cast<std::int64_t>(node.outputs.size());
  const std::int64_t stated = node.attrs.Int("num_outputs", outputs);
  if (stated == outputs) return OkStatus();
  return InvalidArgument("num_outputs is ", stated, ", the node has ", outputs, " outputs");
}

// --- shape inference ---
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(CheckCount(context.node()));
  const int outputs = context.num_outputs();
  for (int i = 0; i < outputs; ++i) context.SetOutput(i, context.dtype(0), std::nullopt);
  if (!context.has_dims(0)) return OkStatus();
  const DimVector& in = context.dims(0);
  PLUMB_ASSIGN_OR_RETURN(
      const int axis, NormalizeAxis(context.attrs().Int("axis", 0), static_cast<int>(in.size())));
  const Dim& dim = in[static_cast<std::size_t>(axis)];
  const auto split = context.ints(1);
  DimVector parts(static_cast<std::size_t>(outputs));
  for (Dim& part : parts) part = context.FreshDim();
  if (split.has_value() || (dim.is_constant() && !context.has_input(1))) {
    std::int64_t total = 0;
    if (dim.is_constant()) {
      total = dim.value();
    } else {
      for (std::int64_t size : *split) total += size;
    }
    PLUMB_ASSIGN_OR_RETURN(const auto sizes, PartSizes(total, split, outputs));
    parts.assign(sizes.begin(), sizes.end());
  } else if (!context.has_input(1)) {
    const std::optional<Dim> part = Dim::DivideExactly(dim, Dim(outputs));
    if (part.has_value()) parts.assign(parts.size(), *part);
  }
  for (int i = 0; i < outputs; ++i) {
    DimVector out = in;
    out[static_cast<std::size_t>(axis)] = parts[static_cast<std::size_t>(i)];
    context.SetOutput(i, context.dtype(0), out);
  }
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  PLUMB_RETURN_IF_ERROR(CheckCount(context.node()));
  const Tensor& input = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const int axis,
                         NormalizeAxis(context.attrs().Int("axis", 0), input.rank()));
  std::optional<std::vector<std::int64_t>> split;
  if (context.has_input(1)) split = ToInt64s(context.input(1));
  PLUMB_ASSIGN_OR_RETURN(const auto sizes,
                         PartSizes(input.shape()[axis], split, context.num_outputs()));
  const Strides strides = RowMajorStrides(input.shape());
  std::int64_t begin = 0;
  for (int i = 0; i < context.num_outputs(); ++i) {
    Shape shape = input.shape();
    shape[axis] = sizes[static_cast<std::size_t>(i)];
    PLUMB_ASSIGN_OR_RETURN(Tensor * part, context.Allocate(i, input.dtype(), shape));
    const ElementCopier copier(input, part);
    ForEachIndex(shape, [&](const Dims& index, std::int64_t position) {
      copier.Copy(DotIndex(index, strides) + begin * strides[axis], position);
    });
    begin += shape[axis];
  }
  return OkStatus();
}

// --- gradient ---
Status Gradient(GradientContext& context) {
  std::vector<ValueId> parts;
  bool any = false;
  const std::int64_t axis = context.node().attrs.Int("axis", 0);
  const int outputs = static_cast<int>(context.node().outputs.size());
  for (int i = 0; i < outputs; ++i) {
    Expr part = GradientOf(context, i);
    any = any || part.present();
    if (!part.present()) {
      const Expr output = OutputOf(context, i);
      part = Expand(Number(output, 0), ShapeOf(output));
    }
    parts.push_back(part.id());
  }
  if (!any) return OkStatus();
  context.SetInputGradient(0, context.builder().Call("Concat", parts, Attrs({{"axis", axis}})));
  return context.builder().status();
}

// --- lowering ---
StatusOr<Movement> MovementOf(const ConcreteNode& node) {
  const Shape& in = node.input_shapes[0];
  PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(node.node->attrs.Int("axis", 0), in.rank()));
  std::int64_t begin = 0;
  for (int i = 0; i < node.output; ++i) {
    begin += node.output_shapes[static_cast<std::size_t>(i)][axis];
  }
  const Strides strides = RowMajorStrides(in);
  return OneRegion(node.output_shapes[static_cast<std::size_t>(node.output)], begin * strides[axis],
                   strides);
}

// --- upgrade ---
Status Upgrade(UpgradeContext& context) {
  if (context.opset() < 13 && context.attrs.Has("split")) {
    context.inputs.push_back(context.IntsConstant(context.attrs.Ints("split")));
    context.attrs.Erase("split");
  }
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "equal",
           .inputs = {F32({2, 6})},
           .attrs = Attrs({{"axis", 1}, {"num_outputs", 3}}),
           .outputs = 3},
          {.name = "smaller_last",
           .inputs = {F32({5, 2})},
           .attrs = Attrs({{"num_outputs", 2}}),
           .outputs = 2},
          {.name = "sizes",
           .inputs = {F32({2, 4, 3}), ConstantInts({1, 3})},
           .attrs = Attrs({{"axis", -2}}),
           .outputs = 2},
          {.name = "empty_part", .inputs = {F32({3}), ConstantInts({0, 3})}, .outputs = 2}};
}

}  // namespace

const OpDef& SplitOp() {
  static const OpDef op{
      .name = "Split",
      .doc = "parts of the input along `axis`: sizes `split`, or `num_outputs` equal ones",
      .since_opset = 2,
      .inputs = {{"input", "T=any"}, {"split", "index", Arity::kOptional}},
      .outputs = {{"outputs", "T=any", Arity::kVariadic}},
      .attrs = {{"axis", AttrType::kInt}, {"num_outputs", AttrType::kInt}},
      .layout = LayoutRule::kMovement,
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = Gradient,
      .cost = MovementCost,
      .movement = MovementOf,
      .upgrade = Upgrade,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
