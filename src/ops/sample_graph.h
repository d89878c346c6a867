// Samples (graph/op_def.h) as graphs of one node with the tensors to run them on: what the tests of
// every operator, and benchmarks, are driven with.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb::ops {

struct SampleOptions {
  std::uint64_t seed = 1;
  // Replaces float32 inputs (finite differences want float64); nothing: as the sample says.
  std::optional<DType> float_type;
  bool constants = true;  // false: floating constants of the sample become inputs, too
  // Dimensions of inputs above 1 become symbols, one for each size.
  bool symbolic = false;
};

struct SampleGraph {
  Graph graph;
  NodeId node = kNoNode;
  std::vector<Tensor> inputs;    // of the graph, in order
  std::vector<Tensor> operands;  // of the node, in order; not defined where omitted
};

// "Softmax.last_axis", with the domain in front when it has one.
std::string SampleName(const OpDef& op, const Sample& sample);

// The tensor that a sample describes; random elements depend on the seed and on nothing else.
Tensor SampleTensor(const SampleInput& input, std::uint64_t seed);

// Errors: what inference says of the node.
StatusOr<SampleGraph> MakeSampleGraph(const OpDef& op, const Sample& sample, const OpTable& ops,
                                      const SampleOptions& options = {});

}  // namespace plumb::ops
