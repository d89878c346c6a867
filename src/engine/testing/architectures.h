// Well-known networks with seeded random weights: their structure is what plans, memory and
// movement are tested and timed on, without a model file.
#pragma once

#include <span>
#include <vector>

#include "core/tensor.h"
#include "graph/graph.h"

namespace plumb::engine::testing {

struct NetSize {
  std::int64_t extent = 224;  // image height and width; tokens; ignored where there is neither
  std::int64_t divisor = 1;   // of the number of channels
};

struct Architecture {
  const char* name;
  StatusOr<Graph> (*make)(const NetSize& size);
  NetSize full;   // as published
  NetSize small;  // the same layers, small enough for the reference interpreter
};

// ResNet-50, MobileNet-v2, DenseNet-121, ShuffleNet-v1 (3 groups), SqueezeNet 1.1, GoogLeNet,
// U-Net, two layers of BERT-base, an MLP.
std::span<const Architecture> Architectures();
// PLUMB_CHECKs that there is one.
const Architecture& FindArchitecture(std::string_view name);

// Seeded numbers in [-1, 1) for every input of the graph.
std::vector<Tensor> RandomInputs(const Graph& graph, std::int64_t batch);

}  // namespace plumb::engine::testing
