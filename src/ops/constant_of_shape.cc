// ConstantOfShape: a tensor of the shape `input` whose elements are all `value` (default: a float32
// zero). Opsets: 9, 20, 21.
#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

StatusOr<Tensor> ValueOf(const AttrMap& attrs) {
  const Attr* value = attrs.Find("value");
  if (value == nullptr) return Tensor::Zeros(DType::kFloat32, Shape{1});
  const Tensor& tensor = std::get<Tensor>(*value);
  if (tensor.num_elements() == 1) return tensor;
  return InvalidArgument("value has ", tensor.num_elements(), " elements, expected 1");
}

// --- shape inference ---
Status Infer(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const Tensor value, ValueOf(context.attrs()));
  context.SetOutput(0, value.dtype(), std::nullopt);
  const auto shape = context.content(0);
  if (!shape.has_value()) return OkStatus();
  if (const auto sizes = AllNumbers(*shape); sizes.has_value()) {
    PLUMB_RETURN_IF_ERROR(MakeShape(*sizes).status());
  }
  context.SetOutput(0, value.dtype(), *shape);
  if (shape->size() == 1 && (*shape)[0].is_constant() && IsInteger(value.dtype()) &&
      (*shape)[0].value() <= static_cast<std::int64_t>(kMaxContent)) {
    SetKnownContent(
        context, DimVector(static_cast<std::size_t>((*shape)[0].value()), Dim(ToInt64s(value)[0])));
  }
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const Tensor value, ValueOf(context.attrs()));
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, MakeShape(ToInt64s(context.input(0))));
  PLUMB_ASSIGN_OR_RETURN(Tensor * out, context.Allocate(0, value.dtype(), shape));
  FillElements(value, out);
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "zeros", .inputs = {ConstantInts({2, 3})}},
          {.name = "ints",
           .inputs = {ConstantInts({4})},
           .attrs = Attrs({{"value", Tensor::FromVector<std::int64_t>(Shape{1}, {7})}})},
          {.name = "scalar", .inputs = {ConstantInts({})}},
          {.name = "at_run_time", .inputs = {Given(DType::kInt64, {2}, {1, 3})}}};
}

}  // namespace

const OpDef& ConstantOfShapeOp() {
  static const OpDef op{
      .name = "ConstantOfShape",
      .doc = "a tensor of the given shape whose elements are all `value`",
      .since_opset = 9,
      .inputs = {{"input", "index"}},
      .outputs = {{"output", "any"}},
      .attrs = {{"value", AttrType::kTensor}},
      .differentiability = Differentiability::kNot,
      .infer = Infer,
      .reference = Reference,
      .cost = MovementCost,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
