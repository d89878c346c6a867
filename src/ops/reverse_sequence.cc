// ReverseSequence: for each batch entry b the first sequence_lens[b] steps of the time axis come in
// reverse order, the others stay. Opset: 10.
#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

struct Axes {
  int batch = 1, time = 0;
};

StatusOr<Axes> AxesOf(const AttrMap& attrs, std::size_t rank) {
  const std::int64_t batch = attrs.Int("batch_axis", 1), time = attrs.Int("time_axis", 0);
  if (batch < 0 || batch > 1 || time < 0 || time > 1 || batch == time) {
    return InvalidArgument("batch_axis is ", batch, " and time_axis is ", time,
                           ", expected 0 and 1 or 1 and 0");
  }
  if (rank < 2) return InvalidArgument("input has rank ", rank, ", expected 2 or more");
  return Axes{static_cast<int>(batch), static_cast<int>(time)};
}

Status CheckLengths(const std::vector<std::int64_t>& lengths, const Shape& in, const Axes& axes) {
  if (static_cast<std::int64_t>(lengths.size()) != in[axes.batch]) {
    return InvalidArgument("sequence_lens has ", lengths.size(), " elements, the batch is ",
                           in[axes.batch]);
  }
  for (std::int64_t length : lengths) {
    if (length < 0 || length > in[axes.time]) {
      return InvalidArgument("sequence length ", length, " is outside of [0, ", in[axes.time], "]");
    }
  }
  return OkStatus();
}

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), context.input(0).dims);
  if (!context.has_dims(0)) return OkStatus();
  PLUMB_ASSIGN_OR_RETURN(const Axes axes, AxesOf(context.attrs(), context.dims(0).size()));
  const auto lengths = context.ints(1);
  const auto shape = ConcreteShape(context.dims(0));
  return lengths.has_value() && shape.has_value() ? CheckLengths(*lengths, *shape, axes)
                                                  : OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Shape& in = context.input(0).shape();
  PLUMB_ASSIGN_OR_RETURN(const Axes axes,
                         AxesOf(context.attrs(), static_cast<std::size_t>(in.rank())));
  const std::vector<std::int64_t> lengths = ToInt64s(context.input(1));
  PLUMB_RETURN_IF_ERROR(CheckLengths(lengths, in, axes));
  const Strides strides = RowMajorStrides(in);
  return CopyByIndex(context, context.input(0), in, [&](const Dims& index) {
    const std::int64_t length = lengths[static_cast<std::size_t>(index[axes.batch])];
    const std::int64_t time = index[axes.time];
    const std::int64_t from = time < length ? length - 1 - time : time;
    return DotIndex(index, strides) + (from - time) * strides[axes.time];
  });
}

// --- gradient ---
// Reversing twice is the identity.
Status Gradient(GradientContext& context) {
  const Expr gradient = GradientOf(context);
  if (!gradient.present()) return OkStatus();
  const AttrMap attrs = context.node().attrs;
  context.SetInputGradient(0, Call("ReverseSequence", {gradient, InputOf(context, 1)}, attrs).id());
  return context.builder().status();
}

// --- lowering ---
StatusOr<Movement> MovementOf(const ConcreteNode& node) {
  const Shape& in = node.input_shapes[0];
  PLUMB_ASSIGN_OR_RETURN(const Axes axes,
                         AxesOf(node.node->attrs, static_cast<std::size_t>(in.rank())));
  const auto lengths = KnownInts(node, 1);
  if (!lengths.has_value()) return Unimplemented("sequence_lens are not known before it runs");
  PLUMB_RETURN_IF_ERROR(CheckLengths(*lengths, in, axes));
  const Strides strides = RowMajorStrides(in);
  Movement movement;
  for (std::int64_t batch = 0; batch < in[axes.batch]; ++batch) {
    const std::int64_t length = (*lengths)[static_cast<std::size_t>(batch)];
    Region region{.source = 0,
                  .sizes = in,
                  .src_offset = batch * strides[axes.batch],
                  .src_strides = strides,
                  .dst_offset = batch * strides[axes.batch],
                  .dst_strides = strides};
    region.sizes[axes.batch] = 1;
    Region rest = region;
    rest.sizes[axes.time] -= length;
    rest.src_offset += length * strides[axes.time];
    rest.dst_offset += length * strides[axes.time];
    if (rest.sizes[axes.time] > 0) movement.regions.push_back(rest);
    region.sizes[axes.time] = length;
    region.src_offset += (length - 1) * strides[axes.time];
    region.src_strides[axes.time] = -strides[axes.time];
    if (length > 0) movement.regions.push_back(region);
  }
  return movement;
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "time_first", .inputs = {F32({4, 3, 2}), ConstantInts({4, 2, 0})}},
          {.name = "batch_first",
           .inputs = {F32({2, 4}), ConstantInts({1, 3})},
           .attrs = Attrs({{"batch_axis", 0}, {"time_axis", 1}})},
          {.name = "at_run_time", .inputs = {F32({3, 2}), Given(DType::kInt64, {2}, {3, 2})}}};
}

}  // namespace

const OpDef& ReverseSequenceOp() {
  static const OpDef op{
      .name = "ReverseSequence",
      .doc = "the first sequence_lens[b] steps of batch entry b in reverse order",
      .since_opset = 10,
      .inputs = {{"input", "T=any"}, {"sequence_lens", "index"}},
      .outputs = {{"Y", "T=any"}},
      .attrs = {{"batch_axis", AttrType::kInt}, {"time_axis", AttrType::kInt}},
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
