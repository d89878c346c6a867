// Writes a graph, with its subgraphs, into a GraphProto. Private to this room.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "graph/graph.h"
#include "onnx/onnx.pb.h"

namespace plumb::onnx {

class GraphWriter {
 public:
  // Fills the message of an initializer.
  using TensorWriter =
      std::function<void(const Tensor&, const std::string& name, onnxpb::TensorProto*)>;
  explicit GraphWriter(TensorWriter write_tensor) : write_tensor_(std::move(write_tensor)) {}

  Status Write(const Graph& graph, onnxpb::ModelProto* model);

 private:
  using Names = absl::flat_hash_set<std::string>;
  // What the values of one graph are called in the file.
  struct Naming {
    std::vector<std::string> of_value;
    Names taken;  // here and in the graphs around
  };

  // `captured` names the captures; null for the model's graph.
  Status WriteGraph(const Graph& graph, const std::vector<std::string>* captured,
                    const Names& outer_names, onnxpb::GraphProto* proto, Naming* naming_out);
  void WriteConstants(const Graph& graph, const Naming& naming, onnxpb::GraphProto* proto);
  Status WriteNode(const Node& node, const Naming& naming, onnxpb::NodeProto* proto);
  void WriteOutputs(const Graph& graph, bool is_model, Naming& naming, onnxpb::GraphProto* proto);
  void WriteAttribute(const std::string& name, const Attr& attr, onnxpb::AttributeProto* proto);

  TensorWriter write_tensor_;
  std::set<std::string> domains_;
};

}  // namespace plumb::onnx
