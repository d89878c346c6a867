#include "onnx/type_message.h"

#include "absl/strings/match.h"
#include "graph/text.h"
#include "graph/verifier.h"
#include "onnx/element_type.h"

namespace plumb::onnx {
namespace {

// Symbols made up by inference are "?3" in a graph and "unk__3" in a file.
constexpr char kMadeUpPrefix[] = "unk__";

Dim DimOfParam(const std::string& param, SymbolTable& symbols) {
  if (absl::StartsWith(param, kMadeUpPrefix)) {
    return Dim::Symbol(symbols.Intern(absl::StrCat("?", param.substr(sizeof(kMadeUpPrefix) - 1))));
  }
  const bool expression = param.find_first_of("*+-") != std::string::npos;
  const std::optional<Dim> dim = expression ? ParseDim(param, symbols) : std::nullopt;
  return dim ? *dim : Dim::Symbol(symbols.Intern(param));
}

std::string ParamOfDim(const Dim& dim, const SymbolTable& symbols) {
  const std::string& name = symbols.Name(dim.symbol());
  if (dim.scale() != 1 || dim.offset() != 0) return dim.ToString(symbols);
  return absl::StartsWith(name, "?") ? kMadeUpPrefix + name.substr(1) : name;
}

}  // namespace

StatusOr<ValueInfo> InfoOfType(const onnxpb::TypeProto& type, SymbolTable& symbols) {
  const char* kind = nullptr;
  switch (type.value_case()) {
    case onnxpb::TypeProto::kTensorType: break;
    case onnxpb::TypeProto::kSequenceType: kind = "sequence"; break;
    case onnxpb::TypeProto::kMapType: kind = "map"; break;
    case onnxpb::TypeProto::kSparseTensorType: kind = "sparse tensor"; break;
    case onnxpb::TypeProto::kOptionalType: kind = "optional"; break;
    case onnxpb::TypeProto::VALUE_NOT_SET: return InvalidArgument("has no type");
  }
  if (kind != nullptr) return Unimplemented("has type ", kind, ", only tensors are supported");
  ValueInfo info;
  PLUMB_ASSIGN_OR_RETURN(info.dtype, DTypeOfCode(type.tensor_type().elem_type()));
  if (!type.tensor_type().has_shape()) return info;
  const onnxpb::TensorShapeProto& shape = type.tensor_type().shape();
  if (shape.dim_size() > kMaxRank) {
    return InvalidArgument("has ", shape.dim_size(), " dimensions, at most ", kMaxRank,
                           " are supported");
  }
  info.dims.emplace();
  for (const auto& dim : shape.dim()) {
    if (dim.has_dim_value() && dim.dim_value() >= 0) {
      info.dims->push_back(Dim(dim.dim_value()));
    } else if (dim.has_dim_value() && dim.dim_value() != -1) {
      return InvalidArgument("dimension ", info.dims->size(), " is ", dim.dim_value());
    } else if (dim.has_dim_param() && !dim.dim_param().empty()) {
      info.dims->push_back(DimOfParam(dim.dim_param(), symbols));
    } else {
      info.dims->push_back(Dim::Symbol(symbols.Fresh()));
    }
  }
  PLUMB_RETURN_IF_ERROR(CheckInfo(info));
  return info;
}

void FillType(const ValueInfo& info, const SymbolTable& symbols, onnxpb::TypeProto* type) {
  onnxpb::TypeProto::Tensor* tensor = type->mutable_tensor_type();
  tensor->set_elem_type(CodeOfDType(info.dtype));
  if (!info.dims) return;
  onnxpb::TensorShapeProto* shape = tensor->mutable_shape();
  for (const Dim& dim : *info.dims) {
    onnxpb::TensorShapeProto::Dimension* out = shape->add_dim();
    if (dim.is_constant()) {
      out->set_dim_value(dim.value());
    } else {
      out->set_dim_param(ParamOfDim(dim, symbols));
    }
  }
}

}  // namespace plumb::onnx
