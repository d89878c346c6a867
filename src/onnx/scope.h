// Names that are visible while nodes are imported. Private to this room.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "graph/graph.h"
#include "onnx/onnx.pb.h"

namespace plumb::onnx {

// Operator set versions by domain ("" is ONNX's own).
using Opsets = std::map<std::string, std::int64_t, std::less<>>;

// One graph, subgraph or function body. A function body adds to the graph of its caller, but sees
// only its own names.
class Scope {
 public:
  Scope(Graph* graph, const Opsets* opsets) : graph_(graph), opsets_(opsets) {}

  // A subgraph of `outer`: what it does not define itself is captured; `captured` gets outer ids.
  static Scope ForSubgraph(Scope* outer, Graph* body, std::vector<ValueId>* captured);
  // The body of a function called from `caller`; names of values and nodes get `prefix`.
  static Scope ForFunction(const Scope& caller, const Opsets* opsets, std::string prefix);

  Graph& graph() { return *graph_; }
  const Opsets& opsets() const { return *opsets_; }
  int graph_depth() const { return graph_depth_; }
  int call_depth() const { return call_depth_; }
  bool is_model() const { return graph_depth_ == 0; }
  bool is_function() const { return call_depth_ > 0 && outer_ == nullptr; }

  // kNoValue when nothing visible has this name, and for an input that a function's caller omits.
  ValueId Find(const std::string& name);
  bool Defines(const std::string& name) const { return values_.contains(name); }
  void Bind(const std::string& name, ValueId value) { values_[name] = value; }
  // The name in the graph of a value or node that the file calls `name`.
  std::string GraphName(const std::string& name);

  // Types that the file states for values, by name; may be absent.
  absl::flat_hash_map<std::string, const onnxpb::TypeProto*> stated;
  // Graph outputs: they keep their names even where they are another value under a new name.
  absl::flat_hash_set<std::string> outputs;
  // What the outputs of a function are called in the graph.
  std::map<std::string, std::string> output_names;
  // Attributes that the caller of a function gives, by name; subgraphs of the function share them.
  const std::map<std::string, const onnxpb::AttributeProto*>* arguments = nullptr;

 private:
  Graph* graph_;
  const Opsets* opsets_;
  Scope* outer_ = nullptr;
  std::vector<ValueId>* captured_ = nullptr;
  absl::flat_hash_map<std::string, ValueId> values_;
  std::string prefix_;
  int graph_depth_ = 0;
  int call_depth_ = 0;
};

}  // namespace plumb::onnx
