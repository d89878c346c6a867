// Reverse-mode differentiation: adds to a graph the nodes that compute gradients.
#pragma once

#include <span>
#include <vector>

#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb::engine {

// Gradients of the sum of `target`'s elements with respect to each of `sources`, as values of the
// same graph (same types and shapes as the sources; zeros where the target does not depend on one).
// Errors name a node between them whose operator has no gradient, or says "not yet".
StatusOr<std::vector<ValueId>> AddGradients(Graph& graph, const OpTable& ops, ValueId target,
                                            std::span<const ValueId> sources);

}  // namespace plumb::engine
