#include "engine/passes/narrow_form.h"

#include <algorithm>

namespace plumb::engine {
namespace {

constexpr int kWeight = 1;
constexpr std::int64_t kLeastChannels = 16;

bool HasAttr(const OpDef& op, std::string_view name) {
  return std::ranges::any_of(op.attrs, [&](const AttrDef& attr) { return attr.name == name; });
}

bool IsFloat(const Graph& graph, ValueId v) {
  return v != kNoValue && graph.value(v).info.dtype == DType::kFloat32;
}

const Shape& WeightShape(const Graph& graph, const Node& node) {
  return graph.value(node.input(kWeight)).constant.shape();
}

}  // namespace

const OpDef* NarrowForm(const OpTable& ops, const OpDef& op) {
  if (HasAttr(op, "precision")) return &op;
  const OpDef* fused = op.fused_form.empty() ? nullptr : ops.Find("plumb", op.fused_form);
  return fused != nullptr && HasAttr(*fused, "precision") ? fused : nullptr;
}

bool HasFloatWeight(const Graph& graph, const Node& node) {
  const ValueId weight = node.input(kWeight);
  return IsFloat(graph, node.input(0)) && IsFloat(graph, weight) && graph.IsConstant(weight);
}

bool IsDepthwise(const Graph& graph, const Node& node) {
  const std::int64_t group = node.attrs.Int("group", 1);
  const Shape& shape = WeightShape(graph, node);
  return group > 1 && shape[1] == 1 && shape[0] == group;
}

bool GainsFromNarrow(const Graph& graph, const Node& node) {
  const Shape& shape = WeightShape(graph, node);
  if (!HasAttr(*node.op, "group")) return shape.rank() == 2;
  const std::int64_t group = node.attrs.Int("group", 1);
  return group == 1 || (shape[1] >= kLeastChannels && shape[0] / group >= kLeastChannels);
}

bool KeepsType(const OpDef& op) {
  return !op.elementwise && (op.movement != nullptr || op.takes_bf16);
}

}  // namespace plumb::engine
