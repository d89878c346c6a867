// The IR: a model is a graph of operators, pure data. Values and nodes are named by small integers.
//
// Ownership: a Graph owns its values, nodes and (through nodes) subgraphs; constants share their
// bytes. Copying a Graph copies the structure, subgraphs and symbols too, and shares the constants.
// Not synchronised.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/status.h"
#include "core/tensor.h"
#include "graph/attr.h"
#include "graph/dim.h"

namespace plumb {

struct OpDef;
class Graph;

using ValueId = std::int32_t;
using NodeId = std::int32_t;
inline constexpr ValueId kNoValue = -1;  // an omitted optional input or output
inline constexpr NodeId kNoNode = -1;

// What is known of a value before anything runs.
struct ValueInfo {
  DType dtype = DType::kUndefined;  // kUndefined: not inferred
  std::optional<DimVector> dims;    // nullopt: rank not known
  // Elements of a small integer tensor (rank 0 or 1) where shape arithmetic makes them known, each
  // a number or an expression in the symbols: what Shape -> Gather -> Concat -> Reshape carries.
  std::optional<DimVector> content;
};

struct Value {
  std::string name;  // unique within the graph, never empty
  ValueInfo info;
  Tensor constant;            // defined for initializers; may live in a mapped file
  NodeId producer = kNoNode;  // kNoNode for inputs, constants, captures and state
  int producer_index = 0;
};

// A graph used by a node (branch, loop body, fused body). `captured` are values of the outer graph,
// read by the subgraph as body->captures(), in the same order.
struct Subgraph {
  std::string name;  // "then_branch", "else_branch", "body"
  std::shared_ptr<Graph> body;
  std::vector<ValueId> captured;
};

struct Node {
  const OpDef* op = nullptr;
  std::string name;
  std::vector<ValueId> inputs;   // kNoValue where an optional one is omitted
  std::vector<ValueId> outputs;  // kNoValue where an optional one is not wanted
  AttrMap attrs;
  std::vector<Subgraph> subgraphs;
  bool erased = false;

  ValueId input(int i) const {
    return i < static_cast<int>(inputs.size()) ? inputs[static_cast<std::size_t>(i)] : kNoValue;
  }
  ValueId output(int i) const {
    return i < static_cast<int>(outputs.size()) ? outputs[static_cast<std::size_t>(i)] : kNoValue;
  }
};

// A value that outlives a run: `read` holds what the last run left (at first `initial`), and what
// `written` holds at the end of a run is stored. Both have the same type.
struct State {
  std::string name;
  ValueId read = kNoValue;
  ValueId written = kNoValue;
  Tensor initial;
};

// Subgraphs nest at most this deep; Verify, inference and the readers of files refuse more.
inline constexpr int kMaxSubgraphDepth = 8;

class Graph {
 public:
  Graph();
  explicit Graph(std::shared_ptr<SymbolTable> symbols);  // a subgraph shares its parent's symbols
  Graph(const Graph& other);
  Graph& operator=(const Graph& other);
  Graph(Graph&&) = default;
  Graph& operator=(Graph&&) = default;
  Graph Clone() const { return *this; }
  // For a subgraph that stays below the same parent: the copy uses `symbols`.
  Graph Clone(std::shared_ptr<SymbolTable> symbols) const;

  std::string name;
  std::string doc;

  // --- building -------------------------------------------------------------------------------
  // A name that is taken already gets a number behind it; an empty one is made up.
  ValueId AddInput(std::string_view name, DType dtype, std::optional<DimVector> dims);
  ValueId AddConstant(std::string_view name, Tensor tensor);
  ValueId AddCapture(std::string_view name, ValueInfo info);
  // The value that reads a state; SetStateWritten completes it.
  ValueId AddState(std::string_view name, Tensor initial);
  void SetStateWritten(int state, ValueId value);
  // Makes `outputs` new values with fresh names (or the given ones; an empty one is an output that
  // is not wanted); no inference here. A node without a name gets that of its first output; omitted
  // inputs at the end are dropped.
  NodeId AddNode(const OpDef* op, std::vector<ValueId> inputs, int outputs, AttrMap attrs = {},
                 std::string_view name = {});
  NodeId AddNodeNamed(const OpDef* op, std::vector<ValueId> inputs,
                      const std::vector<std::string>& output_names, AttrMap attrs,
                      std::string_view name);
  void AddOutput(ValueId value);
  std::string UniqueName(std::string_view stem);  // not yet used by a value or node
  // Names that are made up keep off `name`; a value added under exactly this name still gets it.
  void ReserveName(std::string_view name);

  // --- changing -------------------------------------------------------------------------------
  // Every use of `from` (inputs, captures, outputs, state) becomes a use of `to`.
  void ReplaceUses(ValueId from, ValueId to);
  void EraseNode(NodeId node);  // its outputs must be unused: Verify tells when they are not
  void RenameValue(ValueId value, std::string_view name);
  void set_output(int index, ValueId value) { outputs_[static_cast<std::size_t>(index)] = value; }
  // Nodes whose outputs reach neither an output nor a state, in subgraphs too, and captures that no
  // subgraph reads. Returns how many nodes went.
  int RemoveDeadNodes();

  // --- reading --------------------------------------------------------------------------------
  Value& value(ValueId id) { return values_[static_cast<std::size_t>(id)]; }
  const Value& value(ValueId id) const { return values_[static_cast<std::size_t>(id)]; }
  Node& node(NodeId id) { return nodes_[static_cast<std::size_t>(id)]; }
  const Node& node(NodeId id) const { return nodes_[static_cast<std::size_t>(id)]; }
  int num_values() const { return static_cast<int>(values_.size()); }
  int num_nodes() const { return static_cast<int>(nodes_.size()); }  // erased ones included
  const std::vector<ValueId>& inputs() const { return inputs_; }
  const std::vector<ValueId>& outputs() const { return outputs_; }
  const std::vector<ValueId>& captures() const { return captures_; }
  const std::vector<State>& states() const { return states_; }
  SymbolTable& symbols() { return *symbols_; }
  const SymbolTable& symbols() const { return *symbols_; }
  const std::shared_ptr<SymbolTable>& shared_symbols() const { return symbols_; }

  bool IsConstant(ValueId id) const { return id >= 0 && value(id).constant.defined(); }
  ValueId FindValue(std::string_view name) const;  // kNoValue when there is none
  bool HasNode(std::string_view name) const { return node_names_.contains(std::string(name)); }
  // Input, constant, capture, state or output of a live node: something that has a value.
  bool IsDefined(ValueId id) const;

  // Live nodes so that producers come before users; ties by id, so the order is deterministic.
  // A cycle ends in an error that names a node on it.
  StatusOr<std::vector<NodeId>> TopologicalOrder() const;

 private:
  std::shared_ptr<SymbolTable> symbols_;
  std::vector<Value> values_;
  std::vector<Node> nodes_;
  std::vector<ValueId> inputs_, outputs_, captures_;
  std::vector<State> states_;
  absl::flat_hash_map<std::string, ValueId> value_names_;
  absl::flat_hash_set<std::string> node_names_;
  absl::flat_hash_map<std::string, int> next_suffix_;  // of UniqueName, by stem

  ValueId AddValue(std::string_view name, std::string_view stem, ValueInfo info);
  NodeId AppendNode(Node node, std::string_view name);
  void DropUnusedCaptures(Node& node);
};

// Who reads each value: a snapshot, stale after the next change of the graph.
class Uses {
 public:
  struct Use {
    NodeId node = kNoNode;
    int index = 0;  // input index; captures count on after the inputs
  };
  explicit Uses(const Graph& graph);
  std::span<const Use> of(ValueId value) const;
  bool is_graph_output(ValueId value) const;  // or written to a state
  // Exactly one node reads it, once, and it leaves the graph nowhere.
  bool has_single_use(ValueId value) const;

 private:
  std::vector<std::vector<Use>> uses_;
  std::vector<bool> escapes_;
};

}  // namespace plumb
