// Convolutions and matrix products drawn from a seed, as an operator's lowering sees them.
#pragma once

#include <memory>
#include <string>

#include "core/random.h"
#include "engine/kernel_problem.h"
#include "graph/graph.h"

namespace plumb::lab {

// A problem and the graph of one node that it belongs to.
struct DrawnProblem {
  std::string text;  // "conv 64x56x56 to 128, 3x3 stride 2"
  std::unique_ptr<Graph> graph;
  engine::KernelProblem problem;
};

// Channels of 3 to 1024, kernels of 1 to 7, strides, groups and depthwise; batch 1 to 4; image
// channels last. At most `max_macs` multiply-adds.
StatusOr<DrawnProblem> DrawConv(Random& random, double max_macs);

// Rows, columns and sums of 1 to 4096, weights constant.
StatusOr<DrawnProblem> DrawMatMul(Random& random, double max_macs);

}  // namespace plumb::lab
