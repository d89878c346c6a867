// Checks that a graph is what its users may rely on.
#pragma once

#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb {

// Names unique, ids in range, no cycle, arities and attribute types as the OpDefs say, required
// attributes present, input types within their sets and equal where a variable demands it, every
// use defined, outputs and states complete, subgraphs' captures matched. The first fault is
// returned with the node that has it: "node 'conv_3' (Conv): ...".
Status Verify(const Graph& graph);

// Sizes that come from outside: rank at most kMaxRank, no negative size, element count within
// bounds.
Status CheckInfo(const ValueInfo& info);

}  // namespace plumb
