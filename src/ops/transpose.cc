// Transpose: dimension i of the output is dimension perm[i] of the input; without `perm` their
// order is reversed. Opsets: 1, 13, 21.
#include <algorithm>
#include <numeric>

#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

StatusOr<std::vector<std::int64_t>> Permutation(const AttrMap& attrs, int rank) {
  std::vector<std::int64_t> identity(static_cast<std::size_t>(rank));
  std::iota(identity.begin(), identity.end(), 0);
  if (!attrs.Has("perm")) {
    std::reverse(identity.begin(), identity.end());
    return identity;
  }
  const std::vector<std::int64_t> permutation = attrs.Ints("perm");
  std::vector<std::int64_t> sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  if (sorted != identity) {
    return InvalidArgument("perm must name each of the ", rank, " dimensions of the input once");
  }
  return permutation;
}

// Strides by which the output walks over the input.
StatusOr<Strides> Walk(const AttrMap& attrs, const Shape& in) {
  PLUMB_ASSIGN_OR_RETURN(const auto permutation, Permutation(attrs, in.rank()));
  const Strides strides = RowMajorStrides(in);
  Strides walk;
  for (std::int64_t axis : permutation) walk.Append(strides[static_cast<int>(axis)]);
  return walk;
}

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), std::nullopt);
  if (!context.has_dims(0)) return OkStatus();
  const DimVector& in = context.dims(0);
  PLUMB_ASSIGN_OR_RETURN(const auto permutation,
                         Permutation(context.attrs(), static_cast<int>(in.size())));
  DimVector out;
  for (std::int64_t axis : permutation) out.push_back(in[static_cast<std::size_t>(axis)]);
  context.SetOutput(0, context.dtype(0), out);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Shape& in = context.input(0).shape();
  PLUMB_ASSIGN_OR_RETURN(const auto permutation, Permutation(context.attrs(), in.rank()));
  PLUMB_ASSIGN_OR_RETURN(const Strides walk, Walk(context.attrs(), in));
  Shape out;
  for (std::int64_t axis : permutation) out.Append(in[static_cast<int>(axis)]);
  return CopyByIndex(context, context.input(0), out,
                     [&](const Dims& index) { return DotIndex(index, walk); });
}

// --- gradient ---
Status Gradient(GradientContext& context) {
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  AttrMap attrs;
  if (context.node().attrs.Has("perm")) {
    const std::vector<std::int64_t> permutation = context.node().attrs.Ints("perm");
    std::vector<std::int64_t> inverse(permutation.size());
    for (std::size_t i = 0; i < permutation.size(); ++i) {
      inverse[static_cast<std::size_t>(permutation[i])] = static_cast<std::int64_t>(i);
    }
    attrs.Set("perm", inverse);
  }
  context.SetInputGradient(0, Call("Transpose", {gradient}, attrs).id());
  return context.builder().status();
}

// --- lowering ---
StatusOr<Movement> MovementOf(const ConcreteNode& node) {
  PLUMB_ASSIGN_OR_RETURN(const Strides walk, Walk(node.node->attrs, node.input_shapes[0]));
  return OneRegion(node.output_shapes[0], 0, walk);
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "reversed", .inputs = {F32({2, 3, 4})}},
          {.name = "nchw_to_nhwc",
           .inputs = {F32({2, 3, 4, 5})},
           .attrs = Attrs({{"perm", std::vector<std::int64_t>{0, 2, 3, 1}}})},
          {.name = "scalar", .inputs = {F32({})}},
          {.name = "u8", .inputs = {Random(DType::kUInt8, {3, 5}, 0, 255)}}};
}

}  // namespace

const OpDef& TransposeOp() {
  static const OpDef op{
      .name = "Transpose",
      .doc = "output dimension i is input dimension perm[i]; reversed without `perm`",
      .inputs = {{"data", "T=any"}},
      .outputs = {{"transposed", "T=any"}},
      .attrs = {{"perm", AttrType::kInts}},
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
