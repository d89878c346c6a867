// Whether the caller's tensors are what a graph's inputs and outputs are.
#pragma once

#include <span>

#include "core/tensor.h"
#include "graph/graph.h"

namespace plumb::engine {

// A type and shape that came from outside, by position in graph.inputs().
struct InputType {
  DType dtype = DType::kUndefined;
  Shape shape;
};

// Count, types, ranks and sizes; a symbol has one value in all inputs. Errors name the input and
// say what is expected: "input 'x' has shape 1x3x9, expected [N,3,224,224]". Allocates only for
// errors.
Status CheckInputs(const Graph& graph, std::span<const InputType> inputs);

}  // namespace plumb::engine
