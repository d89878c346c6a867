// The import of one model, from parsed messages to a graph. Private to this room.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/op_def.h"
#include "onnx/import.h"
#include "onnx/node_order.h"
#include "onnx/scope.h"
#include "onnx/tensor_message.h"

namespace plumb::onnx {

// Metadata under this prefix names a state value and what is written to it: ONNX has none.
inline constexpr char kStateKeyPrefix[] = "plumb.state.";

// Used once. The messages, the options and what `source` refers to outlive it.
class Importer {
 public:
  Importer(const OpTable& ops, TensorSource source, const ImportOptions& options)
      : ops_(ops), source_(std::move(source)), options_(options) {}
  StatusOr<Graph> Import(const onnxpb::ModelProto& model);

 private:
  using Arguments = std::map<std::string, const onnxpb::AttributeProto*>;
  struct Function {
    const onnxpb::FunctionProto* proto;
    Opsets opsets;
  };
  // Domain, name, overload.
  using FunctionKey = std::tuple<std::string, std::string, std::string>;

  // importer.cc: the model and its graphs.
  Status ReadFunctions(const onnxpb::ModelProto& model);
  Status ImportGraph(const onnxpb::GraphProto& proto, Scope& scope);
  Status AddInitializers(const onnxpb::GraphProto& proto, Scope& scope);
  Status AddInputs(const onnxpb::GraphProto& proto, Scope& scope);
  Status AddOutputs(const onnxpb::GraphProto& proto, Scope& scope);
  Status WriteStates(Scope& scope);

  // import_node.cc: nodes, constants, functions.
  Status ImportNodes(const NodeList& nodes, Scope& scope);
  Status ImportNode(const onnxpb::NodeProto& node, Scope& scope);
  Status ImportConstant(const onnxpb::NodeProto& node, Scope& scope);
  Status ImportOperator(const onnxpb::NodeProto& node, const OpDef& op, Scope& scope);
  Status AddNode(const onnxpb::NodeProto& node, const OpDef& op, std::vector<ValueId> inputs,
                 AttrMap attrs, int num_outputs, std::vector<Subgraph> subgraphs, Scope& scope);
  Status State(const onnxpb::NodeProto& node, NodeId id, Scope& scope);
  Status Inline(const onnxpb::NodeProto& node, const Function& function, Scope& scope);
  Status BindOutput(const std::string& name, ValueId value, bool made_here, Scope& scope);
  StatusOr<std::vector<ValueId>> Inputs(const onnxpb::NodeProto& node, Scope& scope);

  // import_attribute.cc
  // The attribute itself, or what a function's caller gives for it; null when it gives nothing.
  StatusOr<const onnxpb::AttributeProto*> Resolve(const onnxpb::AttributeProto& attribute,
                                                  const Scope& scope) const;
  Status ReadAttributes(const onnxpb::NodeProto& node, Scope& scope, AttrMap& attrs,
                        std::vector<Subgraph>& subgraphs);
  StatusOr<Attr> AttributeValue(const onnxpb::AttributeProto& attribute);

  const OpTable& ops_;
  TensorSource source_;
  const ImportOptions& options_;
  std::map<FunctionKey, Function> functions_;
  std::map<std::string, std::string> states_;  // name -> value written
  std::int64_t nodes_made_ = 0;
};

// "ai.onnx" is another name of "".
std::string NormalDomain(const std::string& domain);

}  // namespace plumb::onnx
