#include "onnx/graph_writer.h"

#include <algorithm>

#include "graph/op_def.h"
#include "onnx/attribute_code.h"
#include "onnx/import.h"
#include "onnx/importer.h"
#include "onnx/type_message.h"

namespace plumb::onnx {
namespace {

constexpr std::int64_t kIrVersion = 10;  // the one that came with opset 21

std::string Unused(const std::string& stem, absl::flat_hash_set<std::string>& taken) {
  std::string name = stem;
  for (int i = 1; !taken.insert(name).second; ++i) name = absl::StrCat(stem, "_", i);
  return name;
}

}  // namespace

Status GraphWriter::Write(const Graph& graph, onnxpb::ModelProto* model) {
  model->set_ir_version(kIrVersion);
  model->set_producer_name("plumbline");
  Naming naming;
  PLUMB_RETURN_IF_ERROR(WriteGraph(graph, nullptr, {}, model->mutable_graph(), &naming));
  if (!graph.doc.empty()) model->mutable_graph()->set_doc_string(graph.doc);
  domains_.insert("");
  for (const std::string& domain : domains_) {
    onnxpb::OperatorSetIdProto* opset = model->add_opset_import();
    opset->set_domain(domain);
    opset->set_version(domain.empty() ? kNewestOpset : 1);
  }
  for (const State& state : graph.states()) {
    if (state.written == kNoValue) {
      return InvalidArgument("state '", state.name, "' is never updated");
    }
    onnxpb::StringStringEntryProto* entry = model->add_metadata_props();
    entry->set_key(kStateKeyPrefix + state.name);
    entry->set_value(naming.of_value[static_cast<std::size_t>(state.written)]);
  }
  return OkStatus();
}

Status GraphWriter::WriteGraph(const Graph& graph, const std::vector<std::string>* captured,
                               const Names& outer_names, onnxpb::GraphProto* proto,
                               Naming* naming_out) {
  const bool is_model = captured == nullptr;
  Naming naming{std::vector<std::string>(static_cast<std::size_t>(graph.num_values())),
                outer_names};
  for (std::size_t i = 0; i < graph.captures().size(); ++i) {
    naming.of_value[static_cast<std::size_t>(graph.captures()[i])] = (*captured)[i];
  }
  for (ValueId id = 0; id < graph.num_values(); ++id) {
    std::string& name = naming.of_value[static_cast<std::size_t>(id)];
    if (name.empty()) name = Unused(graph.value(id).name, naming.taken);
  }
  proto->set_name(graph.name.empty() ? "graph" : graph.name);
  for (ValueId id : graph.inputs()) {
    onnxpb::ValueInfoProto* input = proto->add_input();
    input->set_name(naming.of_value[static_cast<std::size_t>(id)]);
    const ValueInfo& info = graph.value(id).info;
    if (info.dtype != DType::kUndefined) FillType(info, graph.symbols(), input->mutable_type());
  }
  WriteConstants(graph, naming, proto);
  PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph.TopologicalOrder());
  for (NodeId id : order) {
    PLUMB_RETURN_IF_ERROR(WriteNode(graph.node(id), naming, proto->add_node()));
  }
  WriteOutputs(graph, is_model, naming, proto);
  if (naming_out != nullptr) *naming_out = std::move(naming);
  return OkStatus();
}

void GraphWriter::WriteConstants(const Graph& graph, const Naming& naming,
                                 onnxpb::GraphProto* proto) {
  const Uses uses(graph);
  for (ValueId id = 0; id < graph.num_values(); ++id) {
    if (!graph.IsConstant(id) || (uses.of(id).empty() && !uses.is_graph_output(id))) continue;
    write_tensor_(graph.value(id).constant, naming.of_value[static_cast<std::size_t>(id)],
                  proto->add_initializer());
  }
  for (const State& state : graph.states()) {
    write_tensor_(state.initial, naming.of_value[static_cast<std::size_t>(state.read)],
                  proto->add_initializer());
  }
}

Status GraphWriter::WriteNode(const Node& node, const Naming& naming, onnxpb::NodeProto* proto) {
  const auto name_of = [&naming](ValueId id) {
    return id == kNoValue ? std::string() : naming.of_value[static_cast<std::size_t>(id)];
  };
  for (ValueId id : node.inputs) proto->add_input(name_of(id));
  for (ValueId id : node.outputs) proto->add_output(name_of(id));
  proto->set_name(node.name);
  proto->set_op_type(Str(node.op->name));
  if (!node.op->domain.empty()) proto->set_domain(Str(node.op->domain));
  domains_.insert(Str(node.op->domain));
  for (const auto& [name, attr] : node.attrs) WriteAttribute(name, attr, proto->add_attribute());
  for (const Subgraph& subgraph : node.subgraphs) {
    onnxpb::AttributeProto* attribute = proto->add_attribute();
    attribute->set_name(subgraph.name);
    attribute->set_type(kGraph);
    std::vector<std::string> captured;
    for (ValueId id : subgraph.captured) captured.push_back(name_of(id));
    PLUMB_RETURN_IF_ERROR(
        WriteGraph(*subgraph.body, &captured, naming.taken, attribute->mutable_g(), nullptr));
  }
  return OkStatus();
}

// ONNX wants every output to be a value of this graph, and each one once.
void GraphWriter::WriteOutputs(const Graph& graph, bool is_model, Naming& naming,
                               onnxpb::GraphProto* proto) {
  Names listed;
  for (ValueId id : graph.outputs()) {
    std::string name = naming.of_value[static_cast<std::size_t>(id)];
    const bool captured = std::ranges::find(graph.captures(), id) != graph.captures().end();
    if (captured || listed.contains(name)) {
      onnxpb::NodeProto* identity = proto->add_node();
      identity->set_op_type("Identity");
      identity->add_input(name);
      name = Unused(name, naming.taken);
      identity->set_name(name);
      identity->add_output(name);
    }
    listed.insert(name);
    onnxpb::ValueInfoProto* output = proto->add_output();
    output->set_name(name);
    const ValueInfo& info = graph.value(id).info;
    if (info.dtype != DType::kUndefined) FillType(info, graph.symbols(), output->mutable_type());
  }
  if (!is_model) return;  // types inside a body follow from those around it
  for (NodeId node = 0; node < graph.num_nodes(); ++node) {
    if (graph.node(node).erased) continue;
    for (ValueId id : graph.node(node).outputs) {
      if (id == kNoValue || graph.value(id).info.dtype == DType::kUndefined) continue;
      const std::string& name = naming.of_value[static_cast<std::size_t>(id)];
      if (listed.contains(name)) continue;
      onnxpb::ValueInfoProto* value = proto->add_value_info();
      value->set_name(name);
      FillType(graph.value(id).info, graph.symbols(), value->mutable_type());
    }
  }
}

void GraphWriter::WriteAttribute(const std::string& name, const Attr& attr,
                                 onnxpb::AttributeProto* proto) {
  proto->set_name(name);
  std::visit(
      [&]<typename T>(const T& value) {
        if constexpr (std::is_same_v<T, float>) {
          proto->set_type(kFloat);
          proto->set_f(value);
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          proto->set_type(kInt);
          proto->set_i(value);
        } else if constexpr (std::is_same_v<T, std::string>) {
          proto->set_type(kString);
          proto->set_s(value);
        } else if constexpr (std::is_same_v<T, Tensor>) {
          proto->set_type(kTensor);
          write_tensor_(value, "", proto->mutable_t());
        } else if constexpr (std::is_same_v<T, std::vector<float>>) {
          proto->set_type(kFloats);
          proto->mutable_floats()->Add(value.begin(), value.end());
        } else if constexpr (std::is_same_v<T, std::vector<std::int64_t>>) {
          proto->set_type(kInts);
          proto->mutable_ints()->Add(value.begin(), value.end());
        } else {
          proto->set_type(kStrings);
          for (const std::string& text : value) proto->add_strings(text);
        }
      },
      attr);
}

}  // namespace plumb::onnx
