// A plan as text, one line for each step: what golden plans are compared as.
#pragma once

#include <string>

#include "engine/segment.h"

namespace plumb::engine::testing {

// A line of totals, then one for each step: operator, algorithm family, shape, name, and where its
// operands lie: "input0", "output0+64", "arena+4096", "c" for a constant, "_" for none.
std::string PlanText(const Segment& segment);

}  // namespace plumb::engine::testing
