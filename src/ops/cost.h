// Parts of costs that many operators share.
#pragma once

#include "graph/op_def.h"

namespace plumb::ops {

// Every input read once and every output written once, with `ops` operations.
Cost StreamingCost(const ConcreteNode& node, double ops);

// `ops` operations for each element of output 0, or of input 0.
Cost CostPerOutput(const ConcreteNode& node, double ops);
Cost CostPerInput(const ConcreteNode& node, double ops);

// Multiply-adds of convolutions and products; they count two operations each.
Cost CostOfMacs(const ConcreteNode& node, double macs);

}  // namespace plumb::ops
