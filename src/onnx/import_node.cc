#include "graph/builder.h"
#include "graph/infer.h"
#include "onnx/import.h"
#include "onnx/importer.h"
#include "onnx/type_message.h"

namespace plumb::onnx {
namespace {

// Inlined functions may multiply what a small file says.
constexpr std::int64_t kMaxNodes = 250'000;
constexpr int kMaxCallDepth = 16;

// Trailing omitted inputs or outputs count for nothing.
template <typename Names>
int CountWithoutTrailingEmpty(const Names& names) {
  int count = names.size();
  while (count > 0 && names[count - 1].empty()) --count;
  return count;
}

std::string NameOf(const onnxpb::NodeProto& node) {
  if (!node.name().empty() || node.output_size() == 0) return node.name();
  return node.output(0);
}

}  // namespace

Status Importer::ImportNodes(const NodeList& nodes, Scope& scope) {
  PLUMB_ASSIGN_OR_RETURN(const std::vector<int> order, OrderNodes(nodes));
  for (int i : order) PLUMB_RETURN_IF_ERROR(ImportNode(nodes[i], scope));
  return OkStatus();
}

Status Importer::ImportNode(const onnxpb::NodeProto& node, Scope& scope) {
  const std::string label = LabelOf(node);
  if (++nodes_made_ > kMaxNodes) {
    return InvalidArgument("has more than ", kMaxNodes, " nodes once its functions are inlined");
  }
  for (const std::string& output : node.output()) {
    if (!output.empty() && scope.Defines(output)) {
      return InvalidArgument(label, ": output '", output,
                             "' is also an input or initializer of the graph");
    }
  }
  const std::string domain = NormalDomain(node.domain());
  const auto function = functions_.find(FunctionKey{domain, node.op_type(), node.overload()});
  if (function != functions_.end()) return Inline(node, function->second, scope);
  if (domain.empty() && !scope.opsets().contains("")) {
    return InvalidArgument(label, ": the model does not say which ONNX opset it uses");
  }
  if (domain.empty() && node.op_type() == "Constant") {
    return Annotate(ImportConstant(node, scope), label);
  }
  const OpDef* op = ops_.Find(domain, node.op_type());
  if (op == nullptr) {
    const std::string of_domain = domain.empty() ? "" : absl::StrCat(" of domain '", domain, "'");
    return Unimplemented(label, ": operator ", node.op_type(), of_domain, " is not supported");
  }
  return ImportOperator(node, *op, scope);
}

StatusOr<std::vector<ValueId>> Importer::Inputs(const onnxpb::NodeProto& node, Scope& scope) {
  std::vector<ValueId> inputs;
  const int count = CountWithoutTrailingEmpty(node.input());
  for (int i = 0; i < count; ++i) {
    const std::string& name = node.input(i);
    inputs.push_back(name.empty() ? kNoValue : scope.Find(name));
    if (name.empty() || inputs.back() != kNoValue || scope.Defines(name)) continue;
    return InvalidArgument("input ", i, " '", name, "' is not defined by anything");
  }
  return inputs;
}

Status Importer::ImportConstant(const onnxpb::NodeProto& node, Scope& scope) {
  const std::string expected =
      "expected one attribute: value, value_float, value_floats, value_int, value_ints, "
      "value_string or value_strings";
  if (node.output_size() != 1 || node.output(0).empty() || node.attribute_size() != 1) {
    return InvalidArgument("has ", node.attribute_size(), " attributes; ", expected);
  }
  PLUMB_ASSIGN_OR_RETURN(const onnxpb::AttributeProto* attribute,
                         Resolve(node.attribute(0), scope));
  if (attribute == nullptr) return InvalidArgument("its value is not given to the function");
  if (node.attribute(0).name() == "sparse_value") {
    return Unimplemented("sparse_value is not supported, only dense tensors are");
  }
  PLUMB_ASSIGN_OR_RETURN(Attr value, AttributeValue(*attribute));
  Tensor tensor = std::visit(
      []<typename T>(const T& v) -> Tensor {
        if constexpr (std::is_same_v<T, Tensor>) {
          return v;
        } else if constexpr (requires { v.front(); } && !std::is_same_v<T, std::string>) {
          return Tensor::FromVector(Shape{static_cast<std::int64_t>(v.size())}, v);
        } else {
          return Tensor::Scalar(v);
        }
      },
      value);
  if (!node.attribute(0).name().starts_with("value")) {
    return InvalidArgument("unknown attribute '", node.attribute(0).name(), "'; ", expected);
  }
  const std::string name = scope.GraphName(node.output(0));
  scope.Bind(node.output(0), scope.graph().AddConstant(name, std::move(tensor)));
  return OkStatus();
}

Status Importer::ImportOperator(const onnxpb::NodeProto& node, const OpDef& op, Scope& scope) {
  const std::string label = LabelOf(node);
  StatusOr<std::vector<ValueId>> inputs = Inputs(node, scope);
  if (!inputs.ok()) return Annotate(inputs.status(), label);
  AttrMap attrs;
  std::vector<Subgraph> subgraphs;
  PLUMB_RETURN_IF_ERROR(Annotate(ReadAttributes(node, scope, attrs, subgraphs), label));
  const int num_outputs = CountWithoutTrailingEmpty(node.output());
  if (op.upgrade == nullptr || !op.domain.empty()) {
    return AddNode(node, op, *std::move(inputs), std::move(attrs), num_outputs,
                   std::move(subgraphs), scope);
  }
  // What every version of an operator has; the rest is checked when the node is added.
  const bool needs_input = !op.inputs.empty() && op.inputs[0].arity == Arity::kRequired;
  if (needs_input && (inputs->empty() || (*inputs)[0] == kNoValue)) {
    return InvalidArgument(label, ": input 0 '", Str(op.inputs[0].name), "' is missing");
  }
  const auto opset = static_cast<int>(scope.opsets().at(""));
  GraphBuilder builder(&scope.graph(), &ops_);
  const std::shared_ptr<const std::string> fault = attrs.CollectFaults();
  UpgradeContext upgrade(&builder, opset, *std::move(inputs), std::move(attrs), num_outputs);
  const ValueId first_new = scope.graph().num_values();
  const Status upgraded = op.upgrade(upgrade);
  if (!fault->empty()) return InvalidArgument(label, ": ", *fault);
  PLUMB_RETURN_IF_ERROR(Annotate(upgraded, label));
  PLUMB_RETURN_IF_ERROR(Annotate(builder.status(), label));
  upgrade.attrs.StopCollectingFaults();
  if (!upgrade.replacement) {
    return AddNode(node, op, std::move(upgrade.inputs), std::move(upgrade.attrs),
                   upgrade.num_outputs, std::move(subgraphs), scope);
  }
  for (int i = 0; i < num_outputs; ++i) {
    if (node.output(i).empty()) continue;
    const auto index = static_cast<std::size_t>(i);
    const bool there = index < upgrade.replacement->size();
    const ValueId value = there ? (*upgrade.replacement)[index] : kNoValue;
    if (value == kNoValue) return Unimplemented(label, ": output ", i, " is not supported");
    PLUMB_RETURN_IF_ERROR(
        Annotate(BindOutput(node.output(i), value, value >= first_new, scope), label));
  }
  return OkStatus();
}

Status Importer::AddNode(const onnxpb::NodeProto& node, const OpDef& op,
                         std::vector<ValueId> inputs, AttrMap attrs, int num_outputs,
                         std::vector<Subgraph> subgraphs, Scope& scope) {
  const std::string label = LabelOf(node);
  const auto opset = scope.opsets().find(NormalDomain(node.domain()));
  if (opset != scope.opsets().end() && opset->second < op.since_opset) {
    return InvalidArgument(label, ": needs opset ", op.since_opset, ", the model has opset ",
                           opset->second);
  }
  std::vector<std::string> names(static_cast<std::size_t>(num_outputs));
  for (int i = 0; i < num_outputs && i < node.output_size(); ++i) {
    names[static_cast<std::size_t>(i)] = scope.GraphName(node.output(i));
  }
  Graph& graph = scope.graph();
  const NodeId id = graph.AddNodeNamed(&op, std::move(inputs), names, std::move(attrs),
                                       scope.GraphName(node.name()));
  graph.node(id).subgraphs = std::move(subgraphs);
  for (int i = 0; i < num_outputs && i < node.output_size(); ++i) {
    if (!node.output(i).empty()) scope.Bind(node.output(i), graph.node(id).output(i));
  }
  PLUMB_RETURN_IF_ERROR(Annotate(State(node, id, scope), label));
  const Status status = InferNode(graph, id);
  // A body is inferred again, for the types that its node passes in; this first try, for the types
  // that the file states, serves operators that are brought up from an older opset.
  return scope.is_model() ? status : OkStatus();
}

// Writes down what the file says of the outputs.
Status Importer::State(const onnxpb::NodeProto& node, NodeId id, Scope& scope) {
  if (!scope.is_model()) return OkStatus();
  Graph& graph = scope.graph();
  for (int i = 0; i < node.output_size(); ++i) {
    const auto stated = scope.stated.find(node.output(i));
    if (stated == scope.stated.end() || graph.node(id).output(i) == kNoValue) continue;
    StatusOr<ValueInfo> info = InfoOfType(*stated->second, graph.symbols());
    if (absl::IsUnimplemented(info.status()) || stated->second->value_case() == 0) continue;
    if (!info.ok()) {
      return Annotate(info.status(), absl::StrCat("output ", i, " '", node.output(i), "'"));
    }
    graph.value(graph.node(id).output(i)).info = *std::move(info);
  }
  return OkStatus();
}

// `value` gets the name that the file has for it; a graph output that is a value of another name is
// copied.
Status Importer::BindOutput(const std::string& name, ValueId value, bool made_here, Scope& scope) {
  Graph& graph = scope.graph();
  if (made_here) {
    graph.RenameValue(value, scope.GraphName(name));
  } else if (scope.outputs.contains(name)) {
    GraphBuilder builder(&graph, &ops_);
    value = builder.Call("Identity", {value});
    PLUMB_RETURN_IF_ERROR(builder.status());
    graph.RenameValue(value, scope.GraphName(name));
  }
  scope.Bind(name, value);
  return OkStatus();
}

Status Importer::Inline(const onnxpb::NodeProto& node, const Function& function, Scope& scope) {
  const std::string label = LabelOf(node);
  const onnxpb::FunctionProto& proto = *function.proto;
  if (scope.call_depth() >= kMaxCallDepth) {
    return InvalidArgument(label, ": functions call each other more than ", kMaxCallDepth,
                           " levels deep");
  }
  StatusOr<std::vector<ValueId>> inputs = Inputs(node, scope);
  if (!inputs.ok()) return Annotate(inputs.status(), label);
  if (static_cast<int>(inputs->size()) > proto.input_size() ||
      node.output_size() > proto.output_size()) {
    return InvalidArgument(label, ": function has ", proto.input_size(), " inputs and ",
                           proto.output_size(), " outputs, the node ", inputs->size(), " and ",
                           node.output_size());
  }
  Arguments arguments;
  for (const auto& attribute : proto.attribute_proto()) arguments[attribute.name()] = &attribute;
  for (const auto& attribute : node.attribute()) {
    StatusOr<const onnxpb::AttributeProto*> given = Resolve(attribute, scope);
    if (!given.ok()) return Annotate(given.status(), label);
    if (*given != nullptr) arguments[attribute.name()] = *given;
  }
  Scope inner = Scope::ForFunction(scope, &function.opsets, scope.GraphName(NameOf(node)));
  inner.arguments = &arguments;
  for (int i = 0; i < proto.input_size(); ++i) {
    const auto index = static_cast<std::size_t>(i);
    inner.Bind(proto.input(i), index < inputs->size() ? (*inputs)[index] : kNoValue);
  }
  for (int i = 0; i < node.output_size(); ++i) {
    if (!node.output(i).empty()) {
      inner.output_names[proto.output(i)] = scope.GraphName(node.output(i));
    }
  }
  const ValueId first_new = scope.graph().num_values();
  PLUMB_RETURN_IF_ERROR(Annotate(ImportNodes(proto.node(), inner), label));
  for (int i = 0; i < node.output_size(); ++i) {
    if (node.output(i).empty()) continue;
    const ValueId value = inner.Find(proto.output(i));
    if (value == kNoValue) {
      return InvalidArgument(label, ": output '", proto.output(i), "' of function '", proto.name(),
                             "' is not defined by anything");
    }
    PLUMB_RETURN_IF_ERROR(
        Annotate(BindOutput(node.output(i), value, value >= first_new, scope), label));
  }
  return OkStatus();
}

}  // namespace plumb::onnx
