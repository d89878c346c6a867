// Types and shapes of values: symbolic on a graph when it is built or loaded, and on concrete
// shapes for a plan. Both run the same OpDef::infer functions.
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb {

// Infers one node in place (outputs' info), adding "node 'name' (Op): " to errors. Types already
// stated by the file are kept where inference knows less, and an error where they contradict.
Status InferNode(Graph& graph, NodeId node);
// All nodes in topological order, subgraphs included.
Status InferGraph(Graph& graph);

// Infers a graph for given shapes without touching it: what planning a new shape costs. The graph
// outlives this and does not change meanwhile. Reusable; runs allocate next to nothing once warm.
// Sizes known only at run time come out as anonymous symbols: give them with Set and go on.
class ConcreteInference {
 public:
  explicit ConcreteInference(const Graph& graph);

  // Forgets everything but constants and states.
  void Reset();
  // What is known of an input, a capture, or an output whose size is known only at run time.
  void Set(ValueId value, DType dtype, const Shape& shape);
  // Reset, the inputs in order of graph.inputs() (types are the graph's), then every node.
  Status Run(std::span<const Shape> input_shapes);
  // One node, whose inputs are known; nodes come in topological order.
  Status Infer(NodeId node);

  // Is told what the subgraphs of a node are inferred for, whenever they are: a loop infers its
  // body until nothing changes, and the last time holds. Not told of subgraphs within these.
  using OnBody = std::function<void(NodeId node, int index, std::span<const ValueInfo> inputs)>;
  void set_on_body(OnBody on_body) { on_body_ = std::move(on_body); }

  const ValueInfo& info(ValueId value) const { return infos_[static_cast<std::size_t>(value)]; }
  ValueInfo& info(ValueId value) { return infos_[static_cast<std::size_t>(value)]; }

 private:
  Status InferAll();
  StatusOr<std::vector<ValueInfo>> InferBody(const Node& node, int subgraph,
                                             std::span<const ValueInfo> inputs) const;

  const Graph& graph_;
  std::vector<NodeId> order_;
  Status order_status_;
  std::vector<ValueInfo> infos_;  // by value
  OnBody on_body_;
};

}  // namespace plumb
