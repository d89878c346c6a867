#include "onnx/importer.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "graph/verifier.h"
#include "onnx/type_message.h"

namespace plumb::onnx {
namespace {

constexpr std::int64_t kOldestIr = 3, kNewestIr = 13;

StatusOr<Opsets> ReadOpsets(
    const google::protobuf::RepeatedPtrField<onnxpb::OperatorSetIdProto>& imports) {
  Opsets opsets;
  for (const auto& import : imports) {
    const std::string domain = NormalDomain(import.domain());
    if (domain.empty() && (import.version() < kOldestOpset || import.version() > kNewestOpset)) {
      return Unimplemented("opset ", import.version(), " is not supported; ", kOldestOpset, " to ",
                           kNewestOpset, " are");
    }
    opsets.emplace(domain, import.version());
  }
  return opsets;
}

// Dimensions named "unk__3" become "?3": these names are taken before any new ones are made up.
void ReserveSymbols(const onnxpb::GraphProto& graph, SymbolTable& symbols) {
  for (const auto* list : {&graph.input(), &graph.output(), &graph.value_info()}) {
    for (const auto& value : *list) {
      for (const auto& dim : value.type().tensor_type().shape().dim()) {
        if (absl::StartsWith(dim.dim_param(), "unk__")) {
          symbols.Intern(absl::StrCat("?", dim.dim_param().substr(5)));
        }
      }
    }
  }
  for (const auto& node : graph.node()) {
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) ReserveSymbols(attribute.g(), symbols);
    }
  }
}

// So that names made up on the way never take one that the file uses.
void ReserveNames(const onnxpb::GraphProto& proto, Graph& graph) {
  for (const auto& input : proto.input()) graph.ReserveName(input.name());
  for (const auto& initializer : proto.initializer()) graph.ReserveName(initializer.name());
  for (const auto& node : proto.node()) {
    for (const std::string& input : node.input()) graph.ReserveName(input);
    for (const std::string& output : node.output()) graph.ReserveName(output);
  }
}

// The inputs of which the caller says that every run is given them; their initializers are not
// read.
absl::flat_hash_set<std::string> GivenDefaults(const onnxpb::GraphProto& proto,
                                               const ImportOptions& options) {
  absl::flat_hash_set<std::string> given;
  for (const auto& input : proto.input()) {
    const auto& names = options.given_defaults;
    if (std::find(names.begin(), names.end(), input.name()) != names.end()) {
      given.insert(input.name());
    }
  }
  return given;
}

}  // namespace

std::string NormalDomain(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

StatusOr<Graph> Importer::Import(const onnxpb::ModelProto& model) {
  if (!model.has_graph()) return InvalidArgument("is not an ONNX model: it has no graph");
  if (model.ir_version() < kOldestIr || model.ir_version() > kNewestIr) {
    return Unimplemented("IR version ", model.ir_version(), " is not supported; ", kOldestIr,
                         " to ", kNewestIr, " are");
  }
  PLUMB_ASSIGN_OR_RETURN(const Opsets opsets, ReadOpsets(model.opset_import()));
  PLUMB_RETURN_IF_ERROR(ReadFunctions(model));
  for (const auto& entry : model.metadata_props()) {
    if (absl::StartsWith(entry.key(), kStateKeyPrefix)) {
      states_[entry.key().substr(sizeof(kStateKeyPrefix) - 1)] = entry.value();
    }
  }
  Graph graph;
  graph.name = model.graph().name();
  graph.doc = model.graph().has_doc_string() ? model.graph().doc_string() : model.doc_string();
  ReserveSymbols(model.graph(), graph.symbols());
  Scope scope(&graph, &opsets);
  PLUMB_RETURN_IF_ERROR(ImportGraph(model.graph(), scope));
  PLUMB_RETURN_IF_ERROR(WriteStates(scope));
  PLUMB_RETURN_IF_ERROR(Verify(graph));
  return graph;
}

Status Importer::ReadFunctions(const onnxpb::ModelProto& model) {
  for (const auto& proto : model.functions()) {
    StatusOr<Opsets> opsets = ReadOpsets(proto.opset_import());
    if (opsets.ok() && !opsets->contains("")) {
      // A function that uses only other domains need not import ONNX's own.
      opsets->emplace("", kNewestOpset);
    }
    const std::string label = absl::StrCat("function '", proto.name(), "'");
    if (!opsets.ok()) return Annotate(opsets.status(), label);
    const FunctionKey key{NormalDomain(proto.domain()), proto.name(), proto.overload()};
    if (!functions_.emplace(key, Function{&proto, *std::move(opsets)}).second) {
      return InvalidArgument(label, " is defined twice");
    }
  }
  return OkStatus();
}

Status Importer::ImportGraph(const onnxpb::GraphProto& proto, Scope& scope) {
  ReserveNames(proto, scope.graph());
  if (proto.sparse_initializer_size() > 0) {
    return Unimplemented("initializer '", proto.sparse_initializer(0).values().name(),
                         "' is a sparse tensor, only dense ones are supported");
  }
  PLUMB_RETURN_IF_ERROR(AddInitializers(proto, scope));
  PLUMB_RETURN_IF_ERROR(AddInputs(proto, scope));
  for (const auto& output : proto.output()) {
    scope.outputs.insert(output.name());
    if (output.has_type()) scope.stated[output.name()] = &output.type();
  }
  for (const auto& value : proto.value_info()) {
    if (value.has_type()) scope.stated[value.name()] = &value.type();
  }
  PLUMB_RETURN_IF_ERROR(ImportNodes(proto.node(), scope));
  return AddOutputs(proto, scope);
}

Status Importer::AddInitializers(const onnxpb::GraphProto& proto, Scope& scope) {
  const absl::flat_hash_set<std::string> given = GivenDefaults(proto, options_);
  for (const auto& initializer : proto.initializer()) {
    const std::string label = absl::StrCat("initializer '", initializer.name(), "'");
    if (initializer.name().empty()) return InvalidArgument("an initializer has no name");
    if (scope.is_model() && given.contains(initializer.name())) continue;
    if (scope.Defines(initializer.name())) return InvalidArgument(label, ": is defined twice");
    StatusOr<Tensor> tensor = TensorOf(initializer, source_);
    if (!tensor.ok()) return Annotate(tensor.status(), label);
    const bool state = scope.is_model() && states_.contains(initializer.name());
    const ValueId value = state ? scope.graph().AddState(initializer.name(), *std::move(tensor))
                                : scope.graph().AddConstant(initializer.name(), *std::move(tensor));
    scope.Bind(initializer.name(), value);
  }
  return OkStatus();
}

// An input that has a default is the constant, unless it is one of the given ones.
Status Importer::AddInputs(const onnxpb::GraphProto& proto, Scope& scope) {
  Graph& graph = scope.graph();
  absl::flat_hash_set<std::string> seen;
  for (const auto& input : proto.input()) {
    const std::string label = absl::StrCat("input '", input.name(), "'");
    if (input.name().empty()) return InvalidArgument("a graph input has no name");
    if (!seen.insert(input.name()).second) return InvalidArgument(label, ": is defined twice");
    ValueInfo info;
    if (input.has_type() || scope.is_model()) {
      StatusOr<ValueInfo> read = InfoOfType(input.type(), graph.symbols());
      if (!read.ok()) return Annotate(read.status(), label);
      info = *std::move(read);
    }
    if (!scope.Defines(input.name())) {
      scope.Bind(input.name(), graph.AddInput(input.name(), info.dtype, std::move(info.dims)));
      continue;
    }
    const ValueInfo& constant = graph.value(scope.Find(input.name())).info;
    if (info.dtype != DType::kUndefined && info.dtype != constant.dtype) {
      return InvalidArgument(label, ": is ", Str(DTypeName(info.dtype)),
                             ", but its initializer is ", Str(DTypeName(constant.dtype)));
    }
  }
  return OkStatus();
}

Status Importer::AddOutputs(const onnxpb::GraphProto& proto, Scope& scope) {
  for (const auto& output : proto.output()) {
    const std::string label = absl::StrCat("output '", output.name(), "'");
    if (scope.is_model()) {
      const StatusOr<ValueInfo> info = InfoOfType(output.type(), scope.graph().symbols());
      if (absl::IsUnimplemented(info.status())) return Annotate(info.status(), label);
    }
    const ValueId value = scope.Find(output.name());
    if (value == kNoValue) return InvalidArgument(label, ": is not defined by anything");
    scope.graph().AddOutput(value);
  }
  return OkStatus();
}

Status Importer::WriteStates(Scope& scope) {
  for (std::size_t i = 0; i < scope.graph().states().size(); ++i) {
    const std::string& name = scope.graph().states()[i].name;
    const ValueId written = scope.Find(states_[name]);
    if (written == kNoValue) {
      return InvalidArgument("state '", name, "': '", states_[name],
                             "', which it is updated with, is not defined by anything");
    }
    scope.graph().SetStateWritten(static_cast<int>(i), written);
  }
  return OkStatus();
}

}  // namespace plumb::onnx
