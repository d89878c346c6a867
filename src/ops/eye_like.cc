// EyeLike: a matrix of the shape of the input with ones on diagonal k, zeros elsewhere; of element
// type `dtype`, or of the input's. Opsets: 9, 22 (types).
#include "ops/element_type.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

StatusOr<DType> TypeOf(const AttrMap& attrs, DType input) {
  DType type = input;
  if (attrs.Has("dtype")) {
    PLUMB_ASSIGN_OR_RETURN(type, ElementTypeFromCode(attrs.Int("dtype", 0)));
  }
  if (type == DType::kString || type == DType::kInt4 || type == DType::kUInt4) {
    return InvalidArgument("element type ", Str(DTypeName(type)), " has no one");
  }
  return type;
}

// --- shape inference ---
Status Infer(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const DType type, TypeOf(context.attrs(), context.dtype(0)));
  if (context.has_dims(0) && context.dims(0).size() != 2) {
    return InvalidArgument("input has rank ", context.dims(0).size(), ", expected 2");
  }
  context.SetOutput(0, type, context.input(0).dims);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Shape& shape = context.input(0).shape();
  if (shape.rank() != 2) return InvalidArgument("input has rank ", shape.rank(), ", expected 2");
  PLUMB_ASSIGN_OR_RETURN(const DType type, TypeOf(context.attrs(), context.input(0).dtype()));
  if (type == DType::kString || type == DType::kInt4 || type == DType::kUInt4) {
    return InvalidArgument("element type ", Str(DTypeName(type)), " has no one");
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor * out, context.Allocate(0, type, shape));
  const double one = 1;
  const Tensor ones = FromDoubles(type, Shape{1}, std::span(&one, 1));
  const ElementCopier copier(ones, out);
  const std::int64_t diagonal = context.attrs().Int("k", 0);
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    // Columns beyond the matrix are compared before adding, so that no sum overflows.
    if (diagonal < -i || diagonal >= shape[1] - i) continue;
    copier.Copy(0, i * shape[1] + i + diagonal);
  }
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "square", .inputs = {F32({3, 3})}},
          {.name = "above",
           .inputs = {F32({3, 4})},
           .attrs = Attrs({{"k", 2}, {"dtype", CodeOfElementType(DType::kInt32)}})},
          {.name = "below", .inputs = {F32({4, 2})}, .attrs = Attrs({{"k", -1}})}};
}

}  // namespace

const OpDef& EyeLikeOp() {
  static const OpDef op{
      .name = "EyeLike",
      .doc = "ones on diagonal k of a matrix of the shape of the input",
      .since_opset = 9,
      .inputs = {{"input", "any"}},
      .outputs = {{"output", "number|bool"}},
      .attrs = {{"dtype", AttrType::kInt}, {"k", AttrType::kInt}},
      .shape_only = true,
      .differentiability = Differentiability::kNot,
      .infer = Infer,
      .reference = Reference,
      .cost = MovementCost,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
