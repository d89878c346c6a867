// Samples of pools, which all of them share.
#pragma once

#include <vector>

#include "graph/op_def.h"

namespace plumb::ops {

// One input; attributes common to every pool, shapes that are easy to get wrong.
std::vector<Sample> PoolSamples();

// One input and no attributes, for global pools.
std::vector<Sample> GlobalPoolSamples();

}  // namespace plumb::ops
