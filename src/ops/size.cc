// Size: the number of elements of the input as an int64 scalar. Opsets: 1, 13, 19, 21.
#include "ops/content.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, DType::kInt64, DimVector{});
  if (!context.has_dims(0)) return OkStatus();
  std::optional<Dim> count = Dim(1);
  for (const Dim& dim : context.dims(0)) {
    if (count.has_value()) count = Dim::Multiply(*count, dim);
  }
  if (count.has_value()) SetKnownContent(context, DimVector{*count});
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  context.SetOutput(0, Tensor::Scalar<std::int64_t>(context.input(0).num_elements()));
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "matrix", .inputs = {F32({2, 3})}},
          {.name = "scalar", .inputs = {F32({})}},
          {.name = "empty", .inputs = {F32({3, 0})}}};
}

}  // namespace

const OpDef& SizeOp() {
  static const OpDef op{
      .name = "Size",
      .doc = "the number of elements as an int64 scalar",
      .inputs = {{"data", "any"}},
      .outputs = {{"size", "index"}},
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
