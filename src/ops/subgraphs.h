// What the control flow operators share: their bodies, types that hold on several paths, and
// tensors taken apart and put together along an axis.
#pragma once

#include <string_view>
#include <vector>

#include "graph/op_def.h"

namespace plumb::ops {

// Index of the subgraph of that name; an error when the node has none.
StatusOr<int> SubgraphIndex(const Node& node, std::string_view name);

// What is true of a value that is one or the other: sizes that differ become unknown. Its content
// is dropped. Different element types are an error.
StatusOr<ValueInfo> EitherInfo(const ValueInfo& a, const ValueInfo& b);

// Do subgraphs nest at most `levels` deep below this graph? Bounds work that doubles by level.
bool NestsAtMost(const Graph& graph, int levels);

// `tensor` at `index` of `axis`, without that axis.
StatusOr<Tensor> SliceAt(const Tensor& tensor, int axis, std::int64_t index);

// Equal shapes and types (an error otherwise) joined along a new axis, in order or reversed.
StatusOr<Tensor> Stack(const std::vector<Tensor>& parts, int axis, bool reversed);

// What Stack gives for no parts of this type: unknown sizes count as zero.
StatusOr<Tensor> EmptyStack(const ValueInfo& part, int axis);

}  // namespace plumb::ops
