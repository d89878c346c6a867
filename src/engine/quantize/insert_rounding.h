// Writes casts to bf16 and back into a graph of standard operators: what QuantizeLinear and
// DequantizeLinear are to integers, for products of bf16.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb::engine {

// Names of the products of f32 that gain by bf16: constant weights of enough channels, and
// depthwise convolutions, in order of the graph.
std::vector<std::string> RoundableProducts(const Graph& graph, const OpTable& ops);

// Rounds to bf16 what these products read: weights become constants of bf16, and a value is rounded
// for all products and additions that read it, before what only moves, picks or averages its
// elements on the way to such. Integers that became real are rounded for these products alone. What
// leaves the graph, and whatever else reads a value, gets it as it is.
Status InsertRounding(Graph& graph, const OpTable& ops, const std::set<std::string>& products);

}  // namespace plumb::engine
