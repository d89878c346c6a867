// Samples of convolutions, which Conv and FusedConv share.
#pragma once

#include <vector>

#include "graph/op_def.h"

namespace plumb::ops {

// Inputs x, weight, bias: shapes that are easy to get wrong.
std::vector<Sample> ConvSamples();

}  // namespace plumb::ops
