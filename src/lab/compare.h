// What a narrower precision costs: the results of a model in it beside those in fp32.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/target.h"
#include "core/tensor.h"
#include "core/thread_pool.h"
#include "graph/graph.h"

namespace plumb::lab {

// One floating tensor: max |narrow - reference| / max |reference|, infinite where only one of them
// is a number or their shapes differ (sizes that data decide).
struct TensorError {
  std::string name;  // of the value
  std::string node;  // that makes it
  double relative = 0;
};

struct Comparison {
  std::vector<TensorError> outputs;       // the floating ones
  std::vector<std::string> not_floating;  // outputs that have no such error
  // Convolutions and matrix products with constant weights, in the order of the model, each with
  // the error that it has gathered up to there.
  std::vector<TensorError> layers;
  std::optional<TensorError> parted;  // the first of `layers` above the tolerance
};

// Runs the graph in fp32 (quantised parts as the real numbers that they stand for) and in
// `precision`, on the same inputs; then both again with the results of the layers as outputs.
StatusOr<Comparison> ComparePrecisions(const Graph& graph, const std::vector<Tensor>& inputs,
                                       DType precision, double tolerance, const Target& target,
                                       ThreadPool* pool);

// The same for a graph that says its precisions itself; layers are those whose result has the same
// name in both.
StatusOr<Comparison> CompareMixed(const Graph& graph, const Graph& mixed,
                                  const std::vector<Tensor>& inputs, double tolerance,
                                  const Target& target, ThreadPool* pool);

// The error of one tensor.
double RelativeError(const Tensor& narrow, const Tensor& reference);

// Whether the file says anything in integers: a quantisation, or products of 8 bits.
bool IsQuantised(const Graph& graph);

}  // namespace plumb::lab
