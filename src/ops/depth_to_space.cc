// DepthToSpace: blocks of channels become blocks of pixels,
//   DCR: y[n, c, h*b + i, w*b + j] = x[n, (i*b + j) * C + c, h, w]
//   CRD: y[n, c, h*b + i, w*b + j] = x[n, (c*b + i) * b + j, h, w]
// with b = blocksize and C channels of the output. Opsets: 1, 11 (mode), 13.
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

Status CheckAttrs(const AttrMap& attrs) {
  const std::int64_t block = attrs.Int("blocksize", 0);
  if (block < 1 || block > 1 << 15) return InvalidArgument("blocksize is ", block);
  const std::string mode = attrs.String("mode", "DCR");
  if (mode == "DCR" || mode == "CRD") return OkStatus();
  return InvalidArgument("mode '", mode, "', expected DCR or CRD");
}

StatusOr<Shape> OutShape(const Shape& in, const AttrMap& attrs) {
  PLUMB_RETURN_IF_ERROR(CheckAttrs(attrs));
  const std::int64_t block = attrs.Int("blocksize", 0);
  if (in.rank() != 4 || in[1] % (block * block) != 0) {
    return InvalidArgument("input has shape ", in.ToString(),
                           ", expected [N, C, H, W] with C a multiple of ", block * block);
  }
  return MakeShape(Shape{in[0], in[1] / (block * block), in[2] * block, in[3] * block}.span());
}

// --- shape inference ---
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(CheckAttrs(context.attrs()));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  if (!context.has_dims(0)) return OkStatus();
  const DimVector& in = context.dims(0);
  if (in.size() != 4) return InvalidArgument("input has rank ", in.size(), ", expected 4");
  if (const auto shape = ConcreteShape(in); shape.has_value()) {
    PLUMB_RETURN_IF_ERROR(OutShape(*shape, context.attrs()).status());
  }
  const Dim block(context.attrs().Int("blocksize", 0));
  const auto or_fresh = [&](const std::optional<Dim>& dim) {
    return dim.has_value() ? *dim : context.FreshDim();
  };
  context.SetOutput(
      0, context.dtype(0),
      DimVector{in[0], or_fresh(Dim::DivideExactly(in[1], *Dim::Multiply(block, block))),
                or_fresh(Dim::Multiply(in[2], block)), or_fresh(Dim::Multiply(in[3], block))});
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Shape& in = context.input(0).shape();
  PLUMB_ASSIGN_OR_RETURN(const Shape out, OutShape(in, context.attrs()));
  const std::int64_t b = context.attrs().Int("blocksize", 0);
  const bool column_first = context.attrs().String("mode", "DCR") == "CRD";
  const Strides strides = RowMajorStrides(in);
  return CopyByIndex(context, context.input(0), out, [&](const Dims& at) {
    const std::int64_t i = at[2] % b, j = at[3] % b;
    const std::int64_t channel =
        column_first ? (at[1] * b + i) * b + j : (i * b + j) * out[1] + at[1];
    return DotIndex(Dims{at[0], channel, at[2] / b, at[3] / b}, strides);
  });
}

// --- gradient ---
Status Gradient(GradientContext& context) {
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  const std::int64_t block = context.node().attrs.Int("blocksize", 0);
  if (context.node().attrs.String("mode", "DCR") == "CRD") return PickGradient(context);
  context.SetInputGradient(0, Call("SpaceToDepth", {gradient}, Attrs({{"blocksize", block}})).id());
  return context.builder().status();
}

// --- lowering ---
StatusOr<Movement> MovementOf(const ConcreteNode& node) {
  const Shape& in = node.input_shapes[0];
  PLUMB_ASSIGN_OR_RETURN(const Shape out, OutShape(in, node.node->attrs));
  const std::int64_t b = node.node->attrs.Int("blocksize", 0);
  const Strides src = RowMajorStrides(in), dst = RowMajorStrides(out);
  const bool column_first = node.node->attrs.String("mode", "DCR") == "CRD";
  // Strides in input channels of c, i and j.
  const Dims step = column_first ? Dims{b * b, b, 1} : Dims{1, b * out[1], out[1]};
  Region region;
  region.sizes = Shape{in[0], out[1], in[2], b, in[3], b};
  region.src_strides =
      Strides{src[0], step[0] * src[1], src[2], step[1] * src[1], src[3], step[2] * src[1]};
  region.dst_strides = Strides{dst[0], dst[1], b * dst[2], dst[2], b * dst[3], dst[3]};
  return Movement{.regions = {region}};
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "dcr", .inputs = {F32({2, 8, 2, 3})}, .attrs = Attrs({{"blocksize", 2}})},
          {.name = "crd",
           .inputs = {F32({1, 18, 2, 2})},
           .attrs = Attrs({{"blocksize", 3}, {"mode", "CRD"}})}};
}

}  // namespace

const OpDef& DepthToSpaceOp() {
  static const OpDef op{
      .name = "DepthToSpace",
      .doc = "blocks of blocksize^2 channels become blocks of pixels",
      .inputs = {{"input", "T=any"}},
      .outputs = {{"output", "T=any"}},
      .attrs = {{"blocksize", AttrType::kInt, true}, {"mode", AttrType::kString}},
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
