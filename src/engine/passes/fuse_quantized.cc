// A product between dequantised operands and a quantised result becomes one in integers. Comes
// before constants are folded, which would make real numbers of quantised weights.
#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/passes/pass.h"
#include "engine/passes/quantized_value.h"
#include "graph/builder.h"
#include "kernels/eltwise/eltwise.h"
#include "ops/quantized_output.h"

namespace plumb::engine {
namespace {

constexpr double kLargestBias = 0x1p30;  // steps

class Fusion {
 public:
  Fusion(Graph& graph, const OpTable& ops) : graph_(graph), ops_(ops), uses_(graph) {}

  bool Try(NodeId id) {
    const Node& node = graph_.node(id);
    if (!node.op->quantized_form.empty()) return TryProduct(id);
    if (!node.op->quantized_unary.empty()) return TryUnary(id);
    if (IsAddition(node)) return TryResidual(id, 0) || TryResidual(id, 1);
    return false;
  }

 private:
  static bool IsAddition(const Node& node) {
    return node.op->elementwise && node.inputs.size() == 2 &&
           node.op->elementwise_code == static_cast<int>(kernels::EltOp::kAdd);
  }

  // The activation, if any, and the quantisation that alone follow `v`.
  struct Sink {
    std::optional<EpilogueActivation> activation;
    Quantized to;
  };
  std::optional<Sink> SinkOf(ValueId v) const {
    Sink sink;
    if (!uses_.has_single_use(v)) return std::nullopt;
    NodeId reader = uses_.of(v)[0].node;
    if (reader == kNoNode) return std::nullopt;
    if (graph_.node(reader).op->as_activation != nullptr) {
      sink.activation = graph_.node(reader).op->as_activation(graph_, graph_.node(reader));
      if (!sink.activation ||
          (sink.activation->name != "relu" && sink.activation->name != "clip")) {
        return std::nullopt;
      }
      const ValueId activated = graph_.node(reader).outputs[0];
      if (!uses_.has_single_use(activated)) return std::nullopt;
      reader = uses_.of(activated)[0].node;
      if (reader == kNoNode) return std::nullopt;
    }
    const Node& node = graph_.node(reader);
    const std::optional<Quantized> to = SmallTarget(graph_, node);
    if (!to) return std::nullopt;
    sink.to = *to;
    return sink;
  }

  void SetActivation(const Sink& sink, AttrMap* attrs) const {
    if (!sink.activation) return;
    attrs->Set("activation", std::string(sink.activation->name));
    attrs->Set("activation_alpha", sink.activation->alpha);
    attrs->Set("activation_beta", sink.activation->beta);
  }

  // Whether the values of a constant are one for each of `count`, along the last axis.
  static bool IsRow(const Tensor& tensor, std::int64_t count) {
    return tensor.num_elements() == count &&
           (tensor.rank() == 1 || (tensor.rank() == 2 && tensor.shape()[0] == 1));
  }

  // The bias as int32 in steps of x_scale w_scale; kNoValue with *fits for none.
  ValueId Bias(ValueId bias, const Quantized& x, const Quantized& w, std::int64_t channels,
               bool* fits) {
    *fits = true;
    if (bias == kNoValue) return kNoValue;
    *fits = false;
    const std::optional<Quantized> q = Source(graph_, bias);
    const ValueId given = q ? q->values : bias;
    if (!graph_.IsConstant(given) || !IsRow(graph_.value(given).constant, channels)) {
      return kNoValue;
    }
    std::vector<double> values;
    if (q) {
      const auto one_or_each = [&](ValueId v) {
        return v == kNoValue || IsScalar(graph_, v) || IsRow(graph_.value(v).constant, channels);
      };
      if (!one_or_each(q->scale) || !one_or_each(q->zero)) return kNoValue;
      const std::vector<double> steps = ToDoubles(graph_.value(q->values).constant);
      const std::vector<double> scales = ToDoubles(graph_.value(q->scale).constant);
      const std::vector<double> zeros = q->zero != kNoValue
                                            ? ToDoubles(graph_.value(q->zero).constant)
                                            : std::vector<double>(1, 0.0);
      for (std::size_t i = 0; i < steps.size(); ++i) {
        const double zero = zeros[zeros.size() == 1 ? 0 : i];
        values.push_back((steps[i] - zero) * scales[scales.size() == 1 ? 0 : i]);
      }
    } else {
      values = ToDoubles(graph_.value(bias).constant);
    }
    const std::vector<double> scales = ToDoubles(graph_.value(w.scale).constant);
    std::vector<std::int32_t> steps;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double step = ScalarOf(graph_, x.scale, 1) * scales[scales.size() == 1 ? 0 : i];
      const double count = std::nearbyint(values[i] / step);
      if (!(std::fabs(count) < kLargestBias)) return kNoValue;
      steps.push_back(static_cast<std::int32_t>(count));
    }
    *fits = true;
    return graph_.AddConstant(graph_.UniqueName("bias_steps"),
                              Tensor::FromVector<std::int32_t>({channels}, steps));
  }

  // The largest distance of an 8-bit integer from the zero points.
  double LargestStep(const Quantized& q) const {
    const bool is_signed = graph_.value(q.values).info.dtype == DType::kInt8;
    const double low = is_signed ? -128 : 0;
    double largest = 0;
    const std::vector<double> zeros =
        q.zero != kNoValue ? ToDoubles(graph_.value(q.zero).constant) : std::vector<double>(1, 0.0);
    for (const double zero : zeros) largest = std::max({largest, zero - low, low + 255 - zero});
    return largest;
  }

  bool TryProduct(NodeId id) {
    const Node& node = graph_.node(id);
    if (node.outputs.size() != 1) return false;
    const std::optional<Quantized> x = SmallSource(graph_, node.input(0));
    const std::optional<Quantized> w = Source(graph_, node.input(1));
    if (!x || !w || !IsSmall(graph_, w->values) || !graph_.IsConstant(w->values)) return false;
    AttrMap attrs = node.attrs;
    const Shape& shape = graph_.value(w->values).constant.shape();
    const bool matrix = node.op->layout != LayoutRule::kChannelsLast;
    if (matrix) {
      if (shape.rank() != 2) return false;
      // Gemm's scaling and a transposed A have no integer form.
      if (attrs.Float("alpha", 1) != 1 || attrs.Float("beta", 1) != 1 ||
          attrs.Int("transA", 0) != 0) {
        return false;
      }
      for (const char* name : {"alpha", "beta", "transA"}) attrs.Erase(name);
    }
    const int channel_axis = matrix && attrs.Int("transB", 0) == 0 ? 1 : 0;
    const std::int64_t channels = shape[channel_axis];
    const auto per_channel = [&](ValueId v) {
      return v == kNoValue || IsScalar(graph_, v) ||
             (graph_.value(v).constant.num_elements() == channels && w->axis == channel_axis);
    };
    if (!per_channel(w->scale) || !per_channel(w->zero)) return false;
    // Real numbers do not wrap; sums in int32 must not either.
    const double products = static_cast<double>(NumElements(shape)) /
                            static_cast<double>(std::max<std::int64_t>(1, channels));
    if (products * LargestStep(*x) * LargestStep(*w) >= 0x1p31 - kLargestBias) return false;
    bool fits = false;
    const ValueId bias = Bias(node.input(2), *x, *w, channels, &fits);
    if (!fits) return false;
    std::vector<ValueId> inputs(ops::kQuantizedInputs, kNoValue);
    inputs[ops::kX] = x->values;
    inputs[ops::kXScale] = x->scale;
    inputs[ops::kXZero] = x->zero;
    inputs[ops::kW] = w->values;
    inputs[ops::kWScale] = w->scale;
    inputs[ops::kWZero] = w->zero;
    inputs[ops::kBias] = bias;
    ValueId replaced = node.outputs[0];
    if (const std::optional<Sink> sink = SinkOf(node.outputs[0])) {
      SetActivation(*sink, &attrs);
      inputs[ops::kYScale] = sink->to.scale;
      inputs[ops::kYZero] = ZeroPointOf(graph_, sink->to);
      replaced = sink->to.values;
    }
    return Replace(id, absl::StrCat("plumb.", Str(node.op->quantized_form)), inputs, attrs,
                   replaced);
  }

  // Addition number `own` comes from an integer product that nobody else reads.
  bool TryResidual(NodeId id, int own) {
    const Node& node = graph_.node(id);
    const std::optional<Quantized> sum = SmallSource(graph_, node.input(own));
    const std::optional<Quantized> other = SmallSource(graph_, node.input(1 - own));
    const std::optional<Sink> sink = SinkOf(node.outputs[0]);
    if (!sum || !other || !sink || sum->values == other->values) return false;
    if (!uses_.has_single_use(sum->values) || !uses_.has_single_use(node.input(own))) return false;
    const auto& x = graph_.value(sum->values).info;
    const auto& y = graph_.value(other->values).info;
    if (!x.dims || !y.dims || *x.dims != *y.dims) return false;
    const NodeId producer = graph_.value(sum->values).producer;
    if (producer == kNoNode) return false;
    const Node& product = graph_.node(producer);
    if (!product.op->integer_product || product.input(ops::kYScale) == kNoValue ||
        product.input(ops::kResidual) != kNoValue || product.input(ops::kInnerScale) != kNoValue ||
        product.attrs.Has("activation")) {
      return false;
    }
    std::vector<ValueId> inputs = product.inputs;
    inputs.resize(ops::kQuantizedInputs, kNoValue);
    inputs[ops::kInnerScale] = inputs[ops::kYScale];
    inputs[ops::kInnerZero] = inputs[ops::kYZero];
    inputs[ops::kYScale] = sink->to.scale;
    inputs[ops::kYZero] = ZeroPointOf(graph_, sink->to);
    inputs[ops::kResidual] = other->values;
    inputs[ops::kResidualScale] = other->scale;
    inputs[ops::kResidualZero] = other->zero;
    AttrMap attrs = product.attrs;
    SetActivation(*sink, &attrs);
    return Replace(producer, absl::StrCat("plumb.", Str(product.op->name)), inputs, attrs,
                   sink->to.values);
  }

  bool TryUnary(NodeId id) {
    const Node& node = graph_.node(id);
    const std::optional<Quantized> x = SmallSource(graph_, node.input(0));
    const std::optional<Sink> sink = SinkOf(node.outputs[0]);
    if (!x || !sink || sink->activation) return false;
    return Replace(id, absl::StrCat("plumb.", Str(node.op->quantized_unary)),
                   {x->values, x->scale, x->zero, sink->to.scale, ZeroPointOf(graph_, sink->to)},
                   node.attrs, sink->to.values);
  }

  // The new node goes by the name of the one whose work it does.
  bool Replace(NodeId id, const std::string& op, const std::vector<ValueId>& inputs,
               const AttrMap& attrs, ValueId replaced) {
    GraphBuilder builder(&graph_, &ops_);
    std::vector<ValueId> given = inputs;
    while (!given.empty() && given.back() == kNoValue) given.pop_back();
    const ValueId result = builder.Call(op, given, attrs);
    if (!builder.status().ok()) return false;
    ReplaceValue(graph_, replaced, result);
    std::swap(graph_.node(id).name, graph_.node(graph_.value(result).producer).name);
    return true;
  }

  Graph& graph_;
  const OpTable& ops_;
  Uses uses_;
};

}  // namespace

StatusOr<bool> FuseQuantized(Graph& graph, const PassContext& context) {
  if (context.precision == DType::kFloat32) return false;
  bool changed = false;
  PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph.TopologicalOrder());
  // Each fusion changes who reads what: the uses are taken anew after it.
  std::optional<Fusion> fusion;
  for (const NodeId id : order) {
    if (graph.node(id).erased) continue;
    if (!fusion) fusion.emplace(graph, context.ops);
    if (!fusion->Try(id)) continue;
    fusion.reset();
    graph.RemoveDeadNodes();
    changed = true;
  }
  return changed;
}

}  // namespace plumb::engine
