// A step that runs an operator's reference on planned memory: what has no kernel is still right.
#pragma once

#include <utility>
#include <vector>

#include "core/status.h"
#include "core/tensor.h"
#include "graph/graph.h"
#include "kernels/kernel.h"

namespace plumb::engine {

// Operands of a call: inputs, then outputs; kUndefined types are omitted ones.
struct ReferenceStep {
  const Node* node = nullptr;
  std::vector<std::pair<DType, Shape>> inputs, outputs;
};

// A runtime::HostFn whose state is a ReferenceStep. Allocates. Errors name the node.
Status RunReferenceStep(const void* state, const kernels::Call& call);

}  // namespace plumb::engine
