// What moves or picks elements between dequantisations and a quantisation works on the integers.
// Elements become steps of the result before they are moved: nothing is left to do where the
// quantisations agree, an integer product writes those steps itself where the bits are the same,
// and else each element is looked up (Requantize). Relu before the quantisation is a part of it.
// What moves elements between a dequantisation and a product moves integers too, so that the
// product finds them.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/passes/pass.h"
#include "engine/passes/quantized_value.h"
#include "graph/builder.h"
#include "ops/quantized_output.h"

namespace plumb::engine {
namespace {

constexpr int kDeepest = 32;  // nodes between a dequantisation and a quantisation

std::string NameOf(const OpDef& op) {
  return op.domain.empty() ? Str(op.name) : absl::StrCat(Str(op.domain), ".", Str(op.name));
}

class Requantization {
 public:
  Requantization(Graph& graph, const OpTable& ops)
      : graph_(graph), uses_(graph), builder_(&graph, &ops) {}

  bool Try(NodeId id) {
    const Node& node = graph_.node(id);
    if (node.op->quantizing == Quantizing::kQuantizes) return TryQuantization(id);
    return TryOperand(id) || TryParts(id);
  }

  // False after a node could not be made: what was made for it is dead.
  bool ok() const { return builder_.status().ok(); }

 private:
  bool IsFloat(ValueId v) const {
    return v != kNoValue && graph_.value(v).info.dtype == DType::kFloat32;
  }

  static bool Moves(const Node& node) {
    return node.op->picks_elements || node.op->movement != nullptr;
  }

  // Whether the elements of an input become those of the result.
  static bool IsMoved(const Node& node, int input) {
    const bool variadic = node.op->inputs.back().arity == Arity::kVariadic;
    return input == 0 || input == node.op->fill_input || variadic;
  }

  // Whether some elements of `v` were integers before nodes that nobody else reads moved them. A
  // relu may come before what moves elements, but not before what picks them: a window of padding
  // alone gives the least number there is.
  bool ComesFromIntegers(ValueId v, bool relu, int depth = 0) const {
    if (!IsFloat(v) || depth > kDeepest) return false;
    if (SmallSource(graph_, v)) return true;
    const NodeId producer = graph_.value(v).producer;
    if (producer == kNoNode || !uses_.has_single_use(v)) return false;
    const Node& node = graph_.node(producer);
    if (!Moves(node) || node.outputs.size() != 1 || (relu && node.op->picks_elements)) return false;
    bool any = false;
    for (int i = 0; i < static_cast<int>(node.inputs.size()); ++i) {
      if (!IsFloat(node.inputs[static_cast<std::size_t>(i)])) continue;
      if (!IsMoved(node, i)) return false;
      any = any || ComesFromIntegers(node.inputs[static_cast<std::size_t>(i)], relu, depth + 1);
    }
    return any;
  }

  static void SetRelu(AttrMap* attrs) {
    attrs->Set("activation", std::string("relu"));
    attrs->Set("activation_alpha", 0.0f);
    attrs->Set("activation_beta", 0.0f);
  }

  // The integer product that alone makes `from` for a dequantisation that nobody else reads, made
  // to write `to`; kNoValue where there is none, or its bits would be others.
  ValueId ByProduct(ValueId real, const Quantized& from, const Quantized& to) {
    const NodeId producer = graph_.value(from.values).producer;
    if (producer == kNoNode || !uses_.has_single_use(real)) return kNoValue;
    if (!uses_.has_single_use(from.values)) return kNoValue;
    const Node& product = graph_.node(producer);
    if (!product.op->integer_product || product.input(ops::kYScale) == kNoValue ||
        product.input(ops::kInnerScale) != kNoValue || product.input(ops::kResidual) != kNoValue) {
      return kNoValue;
    }
    // What the product wrote is what was dequantised only if both say the same of it.
    const Quantized written{from.values, product.input(ops::kYScale), product.input(ops::kYZero)};
    if (!IsScalar(graph_, written.scale) ||
        (written.zero != kNoValue && !IsScalar(graph_, written.zero)) ||
        ScalarOf(graph_, written.scale, 1) != ScalarOf(graph_, from.scale, 1) ||
        ScalarOf(graph_, written.zero, 0) != ScalarOf(graph_, from.zero, 0)) {
      return kNoValue;
    }
    const std::string activation = product.attrs.String("activation", "none");
    if (activation != "none" && activation != "relu") return kNoValue;
    if (!ops::ProductRequantizes(ByteScaleOf(graph_, from), ByteScaleOf(graph_, to))) {
      return kNoValue;
    }
    std::vector<ValueId> inputs = product.inputs;
    inputs.resize(ops::kQuantizedInputs, kNoValue);
    inputs[ops::kInnerScale] = inputs[ops::kYScale];
    inputs[ops::kInnerZero] = ZeroPointOf(graph_, written);
    inputs[ops::kYScale] = to.scale;
    inputs[ops::kYZero] = to.zero;
    const ValueId result = Remake(producer, std::move(inputs));
    if (ok() && to.relu) SetRelu(&graph_.node(graph_.value(result).producer).attrs);
    return result;
  }

  // `q` in steps of `to`; `real` is its dequantisation, kNoValue where others read it too.
  ValueId Requantized(ValueId real, const Quantized& q, const Quantized& to) {
    if (ops::IsUnchanged(ByteScaleOf(graph_, q), ByteScaleOf(graph_, to))) return q.values;
    if (real != kNoValue) {
      const ValueId written = ByProduct(real, q, to);
      if (written != kNoValue) return written;
    }
    AttrMap attrs;
    if (to.relu) SetRelu(&attrs);
    return builder_.CallN("plumb.Requantize", {q.values, q.scale, q.zero, to.scale, to.zero}, 1,
                          attrs, {}, absl::StrCat(graph_.value(q.values).name, "_requantized"))[0];
  }

  // `v` in steps of `to`, whose zero point is there.
  ValueId QuantizationOf(ValueId v, const Quantized& to, int depth = 0) {
    if (const auto q = SmallSource(graph_, v)) return Requantized(v, *q, to);
    if (depth > kDeepest || !ComesFromIntegers(v, to.relu)) {
      const ValueId real = to.relu ? builder_.Call("Relu", {v}) : v;
      return builder_.Call("QuantizeLinear", {real, to.scale, to.zero});
    }
    const NodeId mover = graph_.value(v).producer;
    std::vector<ValueId> inputs = graph_.node(mover).inputs;
    for (ValueId& input : inputs) {
      if (IsFloat(input)) input = QuantizationOf(input, to, depth + 1);
    }
    // Zero is the zero point.
    const int fill = graph_.node(mover).op->fill_input;
    if (fill >= 0 && graph_.node(mover).input(fill) == kNoValue) {
      inputs.resize(std::max(inputs.size(), static_cast<std::size_t>(fill) + 1), kNoValue);
      inputs[static_cast<std::size_t>(fill)] = to.zero;
    }
    return Remake(mover, std::move(inputs));
  }

  // What a relu reads whose result `v` has one reader; kNoValue where there is none.
  ValueId BeforeRelu(ValueId v) const {
    const NodeId producer = graph_.value(v).producer;
    if (producer == kNoNode || !uses_.has_single_use(v)) return kNoValue;
    const Node& node = graph_.node(producer);
    if (node.op->as_activation == nullptr) return kNoValue;
    const auto activation = node.op->as_activation(graph_, node);
    return activation && activation->name == "relu" ? node.inputs[0] : kNoValue;
  }

  bool TryQuantization(NodeId id) {
    const Node& node = graph_.node(id);
    std::optional<Quantized> to = SmallTarget(graph_, node);
    if (!to) return false;
    const ValueId before = BeforeRelu(node.inputs[0]);
    to->relu = before != kNoValue;
    const ValueId real = to->relu ? before : node.inputs[0];
    if (!ComesFromIntegers(real, to->relu)) return false;
    to->zero = ZeroPointOf(graph_, *to);
    const ValueId result = QuantizationOf(real, *to);
    return ok() && Replace(to->values, result);
  }

  // Whether a product reads `v`, or what movements make of it.
  bool LeadsToProduct(ValueId v, int depth = 0) const {
    if (depth > kDeepest) return false;
    return std::ranges::any_of(uses_.of(v), [&](const Uses::Use& use) {
      if (use.node == kNoNode) return false;
      const Node& reader = graph_.node(use.node);
      if (!reader.op->quantized_form.empty()) return true;
      return reader.op->movement != nullptr && reader.outputs.size() == 1 && use.index == 0 &&
             LeadsToProduct(reader.outputs[0], depth + 1);
    });
  }

  // A movement of a dequantised value on its way to a product.
  bool TryOperand(NodeId id) {
    const Node& node = graph_.node(id);
    if (node.op->movement == nullptr || node.op->fill_input >= 0 || node.outputs.size() != 1) {
      return false;
    }
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
      if (IsFloat(node.inputs[i])) return false;
    }
    const ValueId result = node.outputs[0];
    const std::optional<Quantized> q =
        node.inputs.empty() ? std::nullopt : SmallSource(graph_, node.inputs[0]);
    if (!q || !IsFloat(result) || uses_.is_graph_output(result)) return false;
    if (!LeadsToProduct(result)) return false;
    std::vector<ValueId> inputs = node.inputs;
    inputs[0] = q->values;
    const ValueId moved = Remake(id, std::move(inputs));
    std::vector<ValueId> scaled = {moved, q->scale};
    if (q->zero != kNoValue) scaled.push_back(q->zero);
    const ValueId real = ok() ? builder_.Call("DequantizeLinear", scaled) : kNoValue;
    return ok() && Replace(result, real);
  }

  // The quantisations that alone read a result of a movement; nullopt where others do.
  std::optional<std::vector<Quantized>> Targets(ValueId v) const {
    std::vector<Quantized> targets;
    if (v == kNoValue) return targets;
    if (!IsFloat(v) || uses_.is_graph_output(v)) return std::nullopt;
    for (const Uses::Use& use : uses_.of(v)) {
      if (use.node == kNoNode || use.index != 0) return std::nullopt;
      const auto to = SmallTarget(graph_, graph_.node(use.node));
      if (!to) return std::nullopt;
      targets.push_back(*to);
    }
    return targets;
  }

  // A movement whose results are quantised several times, each on its own.
  bool TryParts(NodeId id) {
    const Node& node = graph_.node(id);
    if (node.op->movement == nullptr || node.op->fill_input >= 0 || node.inputs.empty()) {
      return false;
    }
    const std::optional<Quantized> q = SmallSource(graph_, node.inputs[0]);
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
      if (IsFloat(node.inputs[i])) return false;
    }
    if (!q) return false;
    std::vector<std::vector<Quantized>> targets;
    std::size_t count = 0;
    for (const ValueId v : node.outputs) {
      const auto here = Targets(v);
      if (!here) return false;
      count += here->size();
      targets.push_back(*here);
    }
    if (count < 2) return false;
    std::vector<ValueId> inputs = node.inputs;
    inputs[0] = q->values;
    const std::vector<ValueId> parts =
        builder_.CallN(NameOf(*node.op), inputs, static_cast<int>(node.outputs.size()), node.attrs);
    if (!ok()) return false;
    for (std::size_t o = 0; o < targets.size(); ++o) {
      for (Quantized& to : targets[o]) {
        to.zero = ZeroPointOf(graph_, to);
        const Quantized part{parts[o], q->scale, q->zero};
        const ValueId result = Requantized(kNoValue, part, to);
        if (!ok() || !Replace(to.values, result)) return false;
      }
    }
    return true;
  }

  // The node on other inputs; it goes by the name of the one whose work it does.
  ValueId Remake(NodeId id, std::vector<ValueId> inputs) {
    while (!inputs.empty() && inputs.back() == kNoValue) inputs.pop_back();
    const Node& node = graph_.node(id);
    const ValueId result = builder_.Call(NameOf(*node.op), std::move(inputs), AttrMap(node.attrs));
    if (!ok()) return kNoValue;
    std::swap(graph_.node(id).name, graph_.node(graph_.value(result).producer).name);
    return result;
  }

  bool Replace(ValueId from, ValueId to) {
    const auto leaves = [&](ValueId v) {
      return graph_.value(v).producer == kNoNode || std::ranges::count(graph_.outputs(), v) > 0;
    };
    // A value that callers know by another name is copied.
    if (std::ranges::count(graph_.outputs(), from) > 0 && leaves(to)) {
      to = builder_.Call("Identity", {to});
      if (!ok()) return false;
    }
    ReplaceValue(graph_, from, to);
    return true;
  }

  Graph& graph_;
  Uses uses_;
  GraphBuilder builder_;
};

}  // namespace

StatusOr<bool> FuseRequantized(Graph& graph, const PassContext& context) {
  if (context.precision == DType::kFloat32) return false;
  bool changed = false;
  PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph.TopologicalOrder());
  // Each change alters who reads what: the uses are taken anew after it.
  std::optional<Requantization> requantization;
  for (const NodeId id : order) {
    if (graph.node(id).erased) continue;
    if (!requantization) requantization.emplace(graph, context.ops);
    const bool here = requantization->Try(id);
    changed = changed || here;
    if (!here && requantization->ok()) continue;
    requantization.reset();
    graph.RemoveDeadNodes();
  }
  return changed;
}

}  // namespace plumb::engine
