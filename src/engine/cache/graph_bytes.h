// A graph as bytes, subgraphs, inferred types and symbols included: what ReadGraph makes of them
// has its live nodes and the values that they need, in the same order, and computes the same.
#pragma once

#include <functional>

#include "engine/cache/tensor_store.h"
#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb::engine {

// `packs`: whether a node of this graph, not of a subgraph, reads copies of its constants alone.
// Errors: a size that has no symbol of the graph.
Status WriteGraph(const Graph& graph, const std::function<bool(NodeId)>& packs, ByteWriter& out,
                  BlobWriter& blob);

// The graph is verified, not inferred. Errors say nothing of where: the bytes are damaged.
StatusOr<Graph> ReadGraph(ByteReader& in, const BlobReader& blob, const OpTable& ops);

}  // namespace plumb::engine
