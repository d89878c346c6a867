// Runs any graph on the references of its operators: slow, simple, the definition of right.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace plumb::ops {

// State values between runs, by state name; starts with each state's initial tensor.
using StateMap = std::map<std::string, Tensor>;

struct InterpretOptions {
  StateMap* states = nullptr;             // null: every run starts from the initial tensors
  std::int64_t max_loop_trips = 1 << 20;  // an error beyond: no graph from outside runs for ever
  // Called after each node with its outputs (for `plumb compare` and tests); may be empty.
  std::function<void(const Graph&, NodeId, std::span<const Tensor>)> observe;
};

// `inputs` are in the order of graph.inputs(); shapes and types are checked against what the graph
// states (a symbol must have one value), errors name the input. Returns graph.outputs() in order.
StatusOr<std::vector<Tensor>> Interpret(const Graph& graph, const std::vector<Tensor>& inputs,
                                        const InterpretOptions& options = {});

}  // namespace plumb::ops
