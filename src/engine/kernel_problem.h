// What an operator's lowering sees of one node on concrete shapes: enough to list the kernels that
// can compute it again, and to know the same problem in another model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/target.h"
#include "ops/lower.h"

namespace plumb::engine {

// The node and the constants that operands point to belong to a graph that outlives this.
struct KernelProblem {
  const Node* node = nullptr;
  std::vector<ops::Operand> inputs, outputs;
  std::vector<std::optional<DimVector>> contents;  // of inputs
};

// Every candidate, the family's best guess first; empty: no kernel computes it.
StatusOr<std::vector<ops::KernelChoice>> ListKernels(const KernelProblem& problem,
                                                     const Target& target);

// The same text for problems that the same kernel is best for: operator, attributes, and types,
// shapes and strides of operands; not the elements of constants. 16 hexadecimal digits.
std::string KeyOf(const KernelProblem& problem);

}  // namespace plumb::engine
