#include "ops/movement.h"

#include "ops/expression.h"

namespace plumb::ops {
namespace {

// An exact shape, as a graph finds it: its zeros are sizes.
Expr ReshapeTo(const Expr& value, const Expr& shape) {
  return Call("Reshape", {value, shape}, Attrs({{"allowzero", 1}}));
}

constexpr std::size_t kMaxRegions = 4096;

// Positions dst_begin, dst_begin + 1, ... that read src_begin, src_begin + src_step, ...
struct Piece {
  std::int64_t dst_begin = 0, count = 0, src_begin = 0, src_step = 0;
};

std::vector<Piece> PiecesOf(const AxisMap& map) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (map[i] < 0) continue;
    if (!pieces.empty()) {
      Piece& last = pieces.back();
      const bool adjacent = last.dst_begin + last.count == static_cast<std::int64_t>(i);
      const std::int64_t step = map[i] - (last.src_begin + last.src_step * (last.count - 1));
      if (adjacent && (last.count == 1 || step == last.src_step)) {
        last.src_step = step;
        ++last.count;
        continue;
      }
    }
    pieces.push_back({static_cast<std::int64_t>(i), 1, map[i], 0});
  }
  return pieces;
}

double OutputBytes(const ConcreteNode& node) {
  double bytes = 0;
  for (std::size_t i = 0; i < node.output_shapes.size(); ++i) {
    if (node.output_types[i] == DType::kUndefined) continue;
    bytes +=
        static_cast<double>(StorageBytes(node.output_types[i], NumElements(node.output_shapes[i])));
  }
  return bytes;
}

}  // namespace

Movement OneRegion(const Shape& sizes, std::int64_t src_offset, const Strides& src_strides,
                   int source) {
  Region region;
  region.source = source;
  region.sizes = sizes;
  region.src_offset = src_offset;
  region.src_strides = src_strides;
  region.dst_strides = RowMajorStrides(sizes);
  return Movement{.regions = {region}};
}

StatusOr<Movement> SamePositions(const ConcreteNode& node) {
  const Shape& shape = node.output_shapes[0];
  return OneRegion(shape, 0, RowMajorStrides(shape));
}

StatusOr<Movement> MappedAxes(std::span<const AxisMap> axes, const Shape& src) {
  const int rank = src.rank();
  const Strides src_strides = RowMajorStrides(src);
  Shape dst(rank, 0);
  std::vector<std::vector<Piece>> pieces;
  std::size_t count = 1;
  bool covers_all = true;
  for (int axis = 0; axis < rank; ++axis) {
    const AxisMap& map = axes[static_cast<std::size_t>(axis)];
    dst[axis] = static_cast<std::int64_t>(map.size());
    pieces.push_back(PiecesOf(map));
    std::int64_t covered = 0;
    for (const Piece& piece : pieces.back()) covered += piece.count;
    covers_all = covers_all && covered == dst[axis];
    count *= pieces.back().size();
    if (count > kMaxRegions) return Unimplemented("more than ", kMaxRegions, " regions");
  }
  const Strides dst_strides = RowMajorStrides(dst);
  Movement movement{.regions = {}, .covers_all = covers_all};
  for (std::size_t number = 0; number < count; ++number) {
    Region region{.source = 0,
                  .sizes = Shape(rank, 0),
                  .src_offset = 0,
                  .src_strides = Strides(rank, 0),
                  .dst_offset = 0,
                  .dst_strides = dst_strides};
    std::size_t rest = number;
    for (int axis = rank - 1; axis >= 0; --axis) {
      const std::vector<Piece>& choices = pieces[static_cast<std::size_t>(axis)];
      const Piece& piece = choices[rest % choices.size()];
      rest /= choices.size();
      region.sizes[axis] = piece.count;
      region.src_offset += piece.src_begin * src_strides[axis];
      region.src_strides[axis] = piece.src_step * src_strides[axis];
      region.dst_offset += piece.dst_begin * dst_strides[axis];
    }
    movement.regions.push_back(region);
  }
  return movement;
}

Cost MovementCost(const ConcreteNode& node) {
  const double bytes = OutputBytes(node);
  return Cost{.ops = 0, .bytes_read = bytes, .bytes_written = bytes};
}

Cost AliasCost(const ConcreteNode&) { return Cost{}; }

Status ReshapeGradient(GradientContext& context) {
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  context.SetInputGradient(0, ReshapeTo(gradient, ShapeOf(InputOf(context, 0))).id());
  return context.builder().status();
}

Status PickGradient(GradientContext& context) {
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  GraphBuilder& builder = context.builder();
  const Node node = context.node();  // a copy: the graph grows below
  const Expr input = InputOf(context, 0);
  const Expr shape = ShapeOf(input);
  const Expr flat = Ints(input, {-1});
  const auto scalar = [&](std::int64_t value) {
    return Expr(&builder, builder.Constant(Tensor::Scalar<std::int64_t>(value)));
  };
  const Expr count = Call("Size", {input});
  const Expr positions = ReshapeTo(Call("Range", {scalar(0), count, scalar(1)}), shape);
  std::vector<ValueId> inputs = node.inputs;
  inputs[0] = positions.id();
  const std::string prefix = node.op->domain.empty() ? "" : Str(node.op->domain) + ".";
  const std::vector<ValueId> picked =
      builder.CallN(prefix + Str(node.op->name), inputs, 1, node.attrs);
  PLUMB_RETURN_IF_ERROR(builder.status());
  const Expr zeros = Call("ConstantOfShape", {Reshape(count, Ints(input, {1}))},
                          Attrs({{"value", Tensor::Zeros(gradient.dtype(), Shape{1})}}));
  const Expr sum = Call("ScatterElements",
                        {zeros, Reshape(Expr(&builder, picked[0]), flat), Reshape(gradient, flat)},
                        Attrs({{"axis", 0}, {"reduction", "add"}}));
  context.SetInputGradient(0, ReshapeTo(sum, shape).id());
  return builder.status();
}

}  // namespace plumb::ops
