// What of a float graph static quantisation puts on integers, and which values share a scale.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/quantize/ranges.h"
#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb::engine {

struct QuantizeOptions {
  RangeOptions ranges;
  DType activations = DType::kUInt8;  // or int8
  bool symmetric = false;             // activations have their zero in the middle of the integers
  bool per_channel = true;            // weights have a scale for each output channel
  bool correct_bias = true;
  std::vector<std::string> exclude;    // names of nodes that stay as they are
  std::vector<std::string> operators;  // only these; empty: all that have a form on integers
};

// A node that computes on integers. `result` is what it ends in: its output, or that of the
// constant addition and the activation that alone follow it.
struct QuantizeLayer {
  NodeId node = kNoNode;
  ValueId result = kNoValue;
  bool product = false;  // has a weight, and an axis of output channels in it
  int weight_axis = 0;
};

// Channels that a product's bias has. Where they do not come first in the weight, it holds those of
// one group.
std::int64_t OutputChannels(const Graph& graph, const QuantizeLayer& layer);

struct QuantizePlan {
  std::vector<QuantizeLayer> layers;  // in order of the graph
  std::vector<ValueId> values;        // those that are quantised, in order of the graph
  std::vector<ValueId> group;         // by value: the one that stands for all that share its scale
  std::vector<NodeId> movers;         // move or pick elements of quantised values
};

// Products with a constant weight are quantised, and additions and pooling that feed them. Their
// inputs become integers, and their results where those are read in integers or come from a
// convolution: an output of the graph is not rounded once more. What moves or picks elements has
// one scale for all that it reads and writes. No layers: there is nothing to quantise. Errors: a
// name that is not there, a graph that is quantised already.
StatusOr<QuantizePlan> PlanQuantization(const Graph& graph, const QuantizeOptions& options);

}  // namespace plumb::engine
