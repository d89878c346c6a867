// Constant: a tensor given by one of the attributes. When a model is loaded it becomes an
// initializer. Opsets: 1, 11, 12 (value_int and its kin), 13, 19, 21.
#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

template <typename T>
Tensor Vector(const std::vector<T>& values) {
  return Tensor::FromVector<T>(Shape{static_cast<std::int64_t>(values.size())}, values);
}

StatusOr<Tensor> ValueOf(const AttrMap& attrs) {
  int given = 0;
  for (const char* name : {"value", "value_int", "value_ints", "value_float", "value_floats",
                           "value_string", "value_strings"}) {
    given += attrs.Has(name) ? 1 : 0;
  }
  if (given != 1) {
    return InvalidArgument("expected one of the attributes value, value_int, value_ints, ",
                           "value_float, value_floats, value_string, value_strings, got ", given);
  }
  if (attrs.Has("value_int")) return Tensor::Scalar<std::int64_t>(attrs.Int("value_int", 0));
  if (attrs.Has("value_ints")) return Vector(attrs.Ints("value_ints"));
  if (attrs.Has("value_float")) return Tensor::Scalar<float>(attrs.Float("value_float", 0));
  if (attrs.Has("value_floats")) return Vector(attrs.Floats("value_floats"));
  if (attrs.Has("value_string")) {
    return Tensor::Scalar<std::string>(attrs.String("value_string", ""));
  }
  if (const Attr* strings = attrs.Find("value_strings"); strings != nullptr) {
    return Vector(std::get<std::vector<std::string>>(*strings));
  }
  return std::get<Tensor>(*attrs.Find("value"));
}

// --- shape inference ---
Status Infer(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const Tensor value, ValueOf(context.attrs()));
  context.SetOutput(0, value.dtype(), ToDims(value.shape()));
  const bool readable =
      IsInteger(value.dtype()) && value.dtype() != DType::kInt4 && value.dtype() != DType::kUInt4;
  if (readable && value.num_elements() <= static_cast<std::int64_t>(kMaxContent)) {
    const std::vector<std::int64_t> elements = ToInt64s(value);
    SetKnownContent(context, DimVector(elements.begin(), elements.end()));
  }
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(Tensor value, ValueOf(context.attrs()));
  context.SetOutput(0, std::move(value));
  return OkStatus();
}

// --- upgrade ---
Status Upgrade(UpgradeContext& context) {
  if (context.attrs.Has("sparse_value")) {
    return Unimplemented("sparse_value is not supported; store the constant as a dense tensor");
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor value, ValueOf(context.attrs));
  context.replacement = std::vector<ValueId>{context.builder().Constant(std::move(value))};
  return context.builder().status();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "tensor",
           .attrs = Attrs({{"value", Tensor::FromVector<float>(Shape{2}, {1.5f, -2})}})},
          {.name = "int", .attrs = Attrs({{"value_int", 7}})},
          {.name = "ints", .attrs = Attrs({{"value_ints", std::vector<std::int64_t>{3, 4}}})},
          {.name = "floats", .attrs = Attrs({{"value_floats", std::vector<float>{1, 2}}})},
          {.name = "string", .attrs = Attrs({{"value_string", "text"}})}};
}

}  // namespace

const OpDef& ConstantOp() {
  static const OpDef op{
      .name = "Constant",
      .doc = "the tensor that one of the attributes gives",
      .outputs = {{"output", "any"}},
      .attrs = {{"value", AttrType::kTensor},
                {"value_int", AttrType::kInt},
                {"value_ints", AttrType::kInts},
                {"value_float", AttrType::kFloat},
                {"value_floats", AttrType::kFloats},
                {"value_string", AttrType::kString},
                {"value_strings", AttrType::kStrings}},
      .differentiability = Differentiability::kNot,
      .infer = Infer,
      .reference = Reference,
      .cost = AliasCost,
      .upgrade = Upgrade,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
