// Shape: the sizes of dimensions start ... end-1 of the input as int64. Opsets: 1, 13, 15 (start
// and end), 19, 21.
#include <algorithm>

#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// Dimensions [first, second) of an input of rank `rank`.
std::pair<std::int64_t, std::int64_t> Bounds(const AttrMap& attrs, std::int64_t rank) {
  const auto bound = [&](std::int64_t stated) {
    return std::clamp<std::int64_t>(stated < 0 ? stated + rank : stated, 0, rank);
  };
  const std::int64_t start = bound(attrs.Int("start", 0));
  return {start, std::max(start, bound(attrs.Int("end", rank)))};
}

// --- shape inference ---
Status Infer(InferContext& context) {
  if (!context.has_dims(0)) {
    context.SetOutput(0, DType::kInt64, DimVector{context.FreshDim()});
    return OkStatus();
  }
  const DimVector& in = context.dims(0);
  const auto [start, end] = Bounds(context.attrs(), static_cast<std::int64_t>(in.size()));
  context.SetOutput(0, DType::kInt64, DimVector{Dim(end - start)});
  SetKnownContent(context, DimVector(in.begin() + start, in.begin() + end));
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Shape& in = context.input(0).shape();
  const auto [start, end] = Bounds(context.attrs(), in.rank());
  const std::vector<std::int64_t> sizes(in.begin() + start, in.begin() + end);
  context.SetOutput(0, Tensor::FromVector<std::int64_t>(Shape{end - start}, sizes));
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {
      {.name = "all", .inputs = {F32({2, 3, 4})}},
      {.name = "part", .inputs = {F32({2, 3, 4, 5})}, .attrs = Attrs({{"start", 1}, {"end", -1}})},
      {.name = "nothing", .inputs = {F32({2, 3})}, .attrs = Attrs({{"start", 5}})},
      {.name = "scalar", .inputs = {F32({})}}};
}

}  // namespace

const OpDef& ShapeOp() {
  static const OpDef op{
      .name = "Shape",
      .doc = "the sizes of dimensions start ... end-1 as int64",
      .inputs = {{"data", "any"}},
      .outputs = {{"shape", "index"}},
      .attrs = {{"start", AttrType::kInt}, {"end", AttrType::kInt}},
      .shape_only = true,
      .differentiability = Differentiability::kNot,
      .infer = Infer,
      .reference = Reference,
      .cost = AliasCost,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
