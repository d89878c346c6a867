// SpaceToDepth: blocks of pixels become blocks of channels,
//   y[n, (i*b + j) * C + c, h, w] = x[n, c, h*b + i, w*b + j]
// with b = blocksize and C channels of the input. Opsets: 1, 13.
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

StatusOr<std::int64_t> BlockSize(const AttrMap& attrs) {
  const std::int64_t block = attrs.Int("blocksize", 0);
  if (block < 1 || block > 1 << 15) return InvalidArgument("blocksize is ", block);
  return block;
}

StatusOr<Shape> OutShape(const Shape& in, std::int64_t block) {
  if (in.rank() != 4 || in[2] % block != 0 || in[3] % block != 0) {
    return InvalidArgument("input has shape ", in.ToString(),
                           ", expected [N, C, H, W] with H and W multiples of ", block);
  }
  return MakeShape(Shape{in[0], in[1] * block * block, in[2] / block, in[3] / block}.span());
}

// --- shape inference ---
Status Infer(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const std::int64_t size, BlockSize(context.attrs()));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  if (!context.has_dims(0)) return OkStatus();
  const DimVector& in = context.dims(0);
  if (in.size() != 4) return InvalidArgument("input has rank ", in.size(), ", expected 4");
  if (const auto shape = ConcreteShape(in); shape.has_value()) {
    PLUMB_RETURN_IF_ERROR(OutShape(*shape, size).status());
  }
  const Dim block(size);
  const auto or_fresh = [&](const std::optional<Dim>& dim) {
    return dim.has_value() ? *dim : context.FreshDim();
  };
  context.SetOutput(0, context.dtype(0),
                    DimVector{in[0], or_fresh(Dim::Multiply(in[1], Dim(size * size))),
                              or_fresh(Dim::DivideExactly(in[2], block)),
                              or_fresh(Dim::DivideExactly(in[3], block))});
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Shape& in = context.input(0).shape();
  PLUMB_ASSIGN_OR_RETURN(const std::int64_t b, BlockSize(context.attrs()));
  PLUMB_ASSIGN_OR_RETURN(const Shape out, OutShape(in, b));
  const Strides strides = RowMajorStrides(in);
  return CopyByIndex(context, context.input(0), out, [&](const Dims& at) {
    const std::int64_t block = at[1] / in[1];
    return DotIndex(Dims{at[0], at[1] % in[1], at[2] * b + block / b, at[3] * b + block % b},
                    strides);
  });
}

// --- gradient ---
Status Gradient(GradientContext& context) {
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  const std::int64_t block = context.node().attrs.Int("blocksize", 0);
  context.SetInputGradient(0, Call("DepthToSpace", {gradient}, Attrs({{"blocksize", block}})).id());
  return context.builder().status();
}

// --- lowering ---
StatusOr<Movement> MovementOf(const ConcreteNode& node) {
  const Shape& in = node.input_shapes[0];
  PLUMB_ASSIGN_OR_RETURN(const std::int64_t b, BlockSize(node.node->attrs));
  PLUMB_ASSIGN_OR_RETURN(const Shape out, OutShape(in, b));
  const Strides src = RowMajorStrides(in), dst = RowMajorStrides(out);
  Region region;
  region.sizes = Shape{in[0], b, b, in[1], out[2], out[3]};
  region.src_strides = Strides{src[0], src[2], src[3], src[1], b * src[2], b * src[3]};
  region.dst_strides = Strides{dst[0], b * in[1] * dst[1], in[1] * dst[1], dst[1], dst[2], dst[3]};
  return Movement{.regions = {region}};
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "two", .inputs = {F32({2, 2, 4, 6})}, .attrs = Attrs({{"blocksize", 2}})},
          {.name = "three", .inputs = {F32({1, 3, 3, 6})}, .attrs = Attrs({{"blocksize", 3}})}};
}

}  // namespace

const OpDef& SpaceToDepthOp() {
  static const OpDef op{
      .name = "SpaceToDepth",
      .doc = "blocks of blocksize x blocksize pixels become channels",
      .inputs = {{"input", "T=any"}},
      .outputs = {{"output", "T=any"}},
      .attrs = {{"blocksize", AttrType::kInt, true}},
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
