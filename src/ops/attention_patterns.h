// Attention as exporters spell it out.
#pragma once

#include <vector>

#include "graph/op_def.h"

namespace plumb::ops {

// With and without a mask, scaled in nine places.
std::vector<Pattern> AttentionPatterns();

}  // namespace plumb::ops
