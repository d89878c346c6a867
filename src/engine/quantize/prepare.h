// The float graph that is quantised and written: folded, of standard operators.
#pragma once

#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb::engine {

// Folds constants, and scales and shifts (batch normalisation) into the weights before them. What
// was standard operators stays so: scales that folding keeps beside a weight go into it.
Status PrepareToQuantize(Graph& graph, const OpTable& ops);

}  // namespace plumb::engine
