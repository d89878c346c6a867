#include "engine/passes/quantized_value.h"

#include <cmath>

namespace plumb::engine {
namespace {

// What `node` quantises to or dequantises from, its constants known.
std::optional<Quantized> Constants(const Graph& graph, const Node& node, ValueId values) {
  Quantized q{values, node.input(1), node.input(2), node.attrs.Int("axis", 1)};
  const auto& dims = graph.value(values).info.dims;
  if (q.axis < 0 && dims) q.axis += static_cast<std::int64_t>(dims->size());
  if (node.attrs.Int("block_size", 0) != 0 || !graph.IsConstant(q.scale)) return std::nullopt;
  if (q.zero != kNoValue && !graph.IsConstant(q.zero)) return std::nullopt;
  if (graph.value(q.scale).info.dtype != DType::kFloat32) return std::nullopt;
  for (const double scale : ToDoubles(graph.value(q.scale).constant)) {
    if (!(scale > 0) || !std::isfinite(scale)) return std::nullopt;
  }
  return q;
}

std::optional<Quantized> Small(const Graph& graph, const std::optional<Quantized>& q) {
  if (!q || !IsSmall(graph, q->values) || !IsScalar(graph, q->scale)) return std::nullopt;
  if (q->zero != kNoValue && !IsScalar(graph, q->zero)) return std::nullopt;
  return q;
}

}  // namespace

bool IsSmall(const Graph& graph, ValueId v) {
  const DType type = graph.value(v).info.dtype;
  return type == DType::kInt8 || type == DType::kUInt8;
}

bool IsScalar(const Graph& graph, ValueId v) {
  return graph.IsConstant(v) && graph.value(v).constant.num_elements() == 1;
}

double ScalarOf(const Graph& graph, ValueId v, double absent) {
  return v == kNoValue ? absent : ToDoubles(graph.value(v).constant)[0];
}

std::optional<Quantized> Source(const Graph& graph, ValueId v) {
  if (v == kNoValue || graph.value(v).producer == kNoNode) return std::nullopt;
  const Node& node = graph.node(graph.value(v).producer);
  if (node.op->quantizing != Quantizing::kDequantizes) return std::nullopt;
  return Constants(graph, node, node.input(0));
}

std::optional<Quantized> SmallSource(const Graph& graph, ValueId v) {
  return Small(graph, Source(graph, v));
}

std::optional<Quantized> SmallTarget(const Graph& graph, const Node& node) {
  if (node.op->quantizing != Quantizing::kQuantizes) return std::nullopt;
  return Small(graph, Constants(graph, node, node.outputs[0]));
}

ops::ByteScale ByteScaleOf(const Graph& graph, const Quantized& q) {
  return {graph.value(q.values).info.dtype, ScalarOf(graph, q.scale, 1), ScalarOf(graph, q.zero, 0),
          q.relu};
}

ValueId ZeroPointOf(Graph& graph, const Quantized& q) {
  if (q.zero != kNoValue) return q.zero;
  const DType type = graph.value(q.values).info.dtype;
  return graph.AddConstant(graph.UniqueName("zero_point"), Tensor::Zeros(type, {}));
}

}  // namespace plumb::engine
