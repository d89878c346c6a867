#include "onnx/attribute_code.h"
#include "onnx/importer.h"

namespace plumb::onnx {
namespace {

// Before IR version 2 the type was not said: it follows from the field that is there.
std::int32_t CodeOf(const onnxpb::AttributeProto& attribute) {
  if (attribute.type() != kUnset) return attribute.type();
  if (attribute.has_f()) return kFloat;
  if (attribute.has_i()) return kInt;
  if (attribute.has_s()) return kString;
  if (attribute.has_t()) return kTensor;
  if (attribute.has_g()) return kGraph;
  if (attribute.floats_size() > 0) return kFloats;
  if (attribute.ints_size() > 0) return kInts;
  if (attribute.strings_size() > 0) return kStrings;
  return kUnset;
}

const char* UnsupportedName(std::int32_t code) {
  switch (code) {
    case kTensors: return "tensors";
    case kGraphs: return "graphs";
    case kSparseTensor:
    case kSparseTensors: return "sparse tensor";
    case kTypeProto:
    case kTypeProtos: return "type";
    default: return nullptr;
  }
}

}  // namespace

StatusOr<const onnxpb::AttributeProto*> Importer::Resolve(const onnxpb::AttributeProto& attribute,
                                                          const Scope& scope) const {
  if (attribute.ref_attr_name().empty()) return &attribute;
  if (scope.arguments == nullptr) {
    return InvalidArgument("attribute '", attribute.name(), "' refers to attribute '",
                           attribute.ref_attr_name(), "' of a function, but is in none");
  }
  const auto it = scope.arguments->find(attribute.ref_attr_name());
  return it == scope.arguments->end() ? nullptr : it->second;
}

Status Importer::ReadAttributes(const onnxpb::NodeProto& node, Scope& scope, AttrMap& attrs,
                                std::vector<Subgraph>& subgraphs) {
  absl::flat_hash_set<std::string> seen;
  for (const auto& attribute : node.attribute()) {
    const std::string& name = attribute.name();
    if (!seen.insert(name).second) {
      return InvalidArgument("attribute '", name, "' is given twice");
    }
    PLUMB_ASSIGN_OR_RETURN(const onnxpb::AttributeProto* given, Resolve(attribute, scope));
    if (given == nullptr) continue;
    if (CodeOf(*given) != kGraph) {
      PLUMB_ASSIGN_OR_RETURN(Attr value, AttributeValue(*given));
      attrs.Set(name, std::move(value));
      continue;
    }
    if (given != &attribute) {
      return Unimplemented("attribute '", name, "': a graph given to a function is not supported");
    }
    if (scope.graph_depth() + 1 > kMaxSubgraphDepth) {
      return InvalidArgument("attribute '", name, "': graphs nest deeper than ", kMaxSubgraphDepth);
    }
    Subgraph subgraph{name, std::make_shared<Graph>(scope.graph().shared_symbols()), {}};
    Scope inner = Scope::ForSubgraph(&scope, subgraph.body.get(), &subgraph.captured);
    PLUMB_RETURN_IF_ERROR(Annotate(ImportGraph(given->g(), inner), name));
    subgraphs.push_back(std::move(subgraph));
  }
  return OkStatus();
}

StatusOr<Attr> Importer::AttributeValue(const onnxpb::AttributeProto& attribute) {
  const std::int32_t code = CodeOf(attribute);
  switch (code) {
    case kFloat: return Attr(attribute.f());
    case kInt: return Attr(attribute.i());
    case kString: return Attr(attribute.s());
    case kFloats:
      return Attr(std::vector<float>(attribute.floats().begin(), attribute.floats().end()));
    case kInts:
      return Attr(std::vector<std::int64_t>(attribute.ints().begin(), attribute.ints().end()));
    case kStrings:
      return Attr(std::vector<std::string>(attribute.strings().begin(), attribute.strings().end()));
    case kTensor: {
      StatusOr<Tensor> tensor = TensorOf(attribute.t(), source_);
      if (!tensor.ok()) {
        return Annotate(tensor.status(), absl::StrCat("attribute '", attribute.name(), "'"));
      }
      return Attr(*std::move(tensor));
    }
    default: break;
  }
  const char* kind = UnsupportedName(code);
  if (kind != nullptr) {
    return Unimplemented("attribute '", attribute.name(), "' of type ", kind, " is not supported");
  }
  return InvalidArgument("attribute '", attribute.name(), "' has no value or an unknown type (",
                         code, ")");
}

}  // namespace plumb::onnx
