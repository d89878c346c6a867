#include "ops/narrow_product.h"

#include <utility>

#include "ops/cast_element.h"
#include "ops/element_type.h"

namespace plumb::ops {

std::vector<AttrDef> NarrowProductAttrs() {
  return {{"precision", AttrType::kString}, {"output_dtype", AttrType::kInt}};
}

StatusOr<DType> ProductType(const AttrMap& attrs) {
  const std::string name = attrs.String("precision", "");
  if (name.empty()) return DType::kUndefined;
  if (name == "bf16") return DType::kBFloat16;
  return InvalidArgument("attribute 'precision' is '", name, "', expected bf16");
}

StatusOr<DType> ProductOutputType(const AttrMap& attrs, DType input) {
  if (!attrs.Has("output_dtype")) return input;
  PLUMB_ASSIGN_OR_RETURN(const DType type, ElementTypeFromCode(attrs.Int("output_dtype", 0)));
  if (type == DType::kFloat32 || type == DType::kBFloat16) return type;
  return InvalidArgument("attribute 'output_dtype' is ", Str(DTypeName(type)),
                         ", expected f32 or bf16");
}

Status CheckProductTypes(const InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const DType product, ProductType(context.attrs()));
  for (int i = 1; i < context.num_inputs(); ++i) {
    if (!context.has_input(i) || context.dtype(i) == context.dtype(0)) continue;
    const bool narrow = context.dtype(i) == DType::kFloat32 || context.dtype(i) == product;
    if (product != DType::kUndefined && narrow) continue;
    return InvalidArgument("input ", i, " is ", Str(DTypeName(context.dtype(i))), ", expected ",
                           Str(DTypeName(context.dtype(0))), " as input 0");
  }
  return OkStatus();
}

Status ReferenceNarrow(ReferenceContext& context, Status (*reference)(ReferenceContext&)) {
  PLUMB_ASSIGN_OR_RETURN(const DType product, ProductType(context.attrs()));
  PLUMB_ASSIGN_OR_RETURN(const DType output,
                         ProductOutputType(context.attrs(), context.input(0).dtype()));
  if (product == DType::kUndefined && !context.attrs().Has("output_dtype")) {
    return reference(context);
  }
  std::vector<Tensor> inputs(static_cast<std::size_t>(context.num_inputs()));
  for (int i = 0; i < context.num_inputs(); ++i) {
    if (!context.has_input(i)) continue;
    Tensor input = context.input(i);
    if (i < 2 && product != DType::kUndefined) {
      PLUMB_ASSIGN_OR_RETURN(input, CastTensor(input, product));
    }
    PLUMB_ASSIGN_OR_RETURN(inputs[static_cast<std::size_t>(i)], CastTensor(input, DType::kFloat32));
  }
  ReferenceContext wide(context.node(), inputs);
  PLUMB_RETURN_IF_ERROR(reference(wide));
  PLUMB_ASSIGN_OR_RETURN(Tensor result, CastTensor(wide.outputs[0], output));
  context.SetOutput(0, std::move(result));
  return OkStatus();
}

}  // namespace plumb::ops
