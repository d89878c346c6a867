// NonZero: the indices of the elements that are not zero, [rank, count] in row-major order of the
// elements. Opsets: 9, 13.
#include "ops/cost.h"
#include "ops/elements.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- shape inference ---
Status Infer(InferContext& context) {
  const Dim rank = context.has_dims(0) ? Dim(static_cast<std::int64_t>(context.dims(0).size()))
                                       : context.FreshDim();
  context.SetOutput(0, DType::kInt64, DimVector{rank, context.FreshDim()});
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Tensor& input = context.input(0);
  std::vector<std::int64_t> found;
  const bool read = VisitNumber(
      input.dtype(),
      [&](auto zero) {
        using T = decltype(zero);
        const std::span<const T> elements = input.data<T>();
        for (std::size_t i = 0; i < elements.size(); ++i) {
          if constexpr (std::is_arithmetic_v<T>) {
            if (elements[i] != T{}) found.push_back(static_cast<std::int64_t>(i));
          } else {
            if (static_cast<float>(elements[i]) != 0) {
              found.push_back(static_cast<std::int64_t>(i));
            }
          }
        }
        return true;
      },
      false);
  if (!read) return InvalidArgument("elements of type ", Str(DTypeName(input.dtype())));
  const auto count = static_cast<std::int64_t>(found.size());
  PLUMB_ASSIGN_OR_RETURN(Tensor * out,
                         context.Allocate(0, DType::kInt64, Shape{input.rank(), count}));
  const std::span<std::int64_t> indices = out->mutable_data<std::int64_t>();
  const Strides strides = RowMajorStrides(input.shape());
  for (int axis = 0; axis < input.rank(); ++axis) {
    for (std::int64_t i = 0; i < count; ++i) {
      indices[static_cast<std::size_t>(axis * count + i)] =
          found[static_cast<std::size_t>(i)] / strides[axis] % input.shape()[axis];
    }
  }
  return OkStatus();
}

// --- cost ---
Cost CostOf(const ConcreteNode& node) { return CostPerInput(node, 1); }

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "matrix", .inputs = {Given(DType::kFloat32, {2, 3}, {0, 1, 0, -2, 0, 3})}},
          {.name = "bool", .inputs = {Random(DType::kBool, {4, 2, 2}, 0, 1)}},
          {.name = "nothing", .inputs = {Given(DType::kInt64, {3}, {0, 0, 0})}},
          {.name = "scalar", .inputs = {Given(DType::kInt32, {}, {5})}}};
}

}  // namespace

const OpDef& NonZeroOp() {
  static const OpDef op{
      .name = "NonZero",
      .doc = "indices of the elements that are not zero, [rank, count]",
      .since_opset = 9,
      .inputs = {{"X", "number|bool"}},
      .outputs = {{"Y", "index"}},
      .data_dependent_shape = true,
      .differentiability = Differentiability::kNot,
      .infer = Infer,
      .reference = Reference,
      .cost = CostOf,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
