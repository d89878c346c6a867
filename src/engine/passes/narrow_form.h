// Which nodes have a form whose products are bf16, and gain by it.
#pragma once

#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb::engine {

// The operator that computes the same with narrow products (attribute `precision`); null when there
// is none.
const OpDef* NarrowForm(const OpTable& ops, const OpDef& op);

// A product of f32 whose weight, input 1, is constant.
bool HasFloatWeight(const Graph& graph, const Node& node);
// Of such a node: a convolution with one input and one output channel for each group.
bool IsDepthwise(const Graph& graph, const Node& node);
// Of such a node: whether narrow products are faster than those of f32. Groups of few channels are
// bound by memory: they follow the type of their image.
bool GainsFromNarrow(const Graph& graph, const Node& node);

// Moves or picks elements, so that its inputs and outputs have one type; average pools too, which
// round their result to it.
bool KeepsType(const OpDef& op);

// Input of a fused product that is added to its result.
inline constexpr int kResidualInput = 3;

}  // namespace plumb::engine
