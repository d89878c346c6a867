#include "engine/quantize/insert_qdq.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/passes/pass.h"
#include "graph/builder.h"
#include "graph/infer.h"
#include "graph/verifier.h"

namespace plumb::engine {
namespace {

constexpr int kWeightSteps = 127;  // -127 to 127: symmetric
// Sums of products are added to the bias in 32 bits.
constexpr double kLargestBias = 0x1p30;
constexpr float kLeastScale = 1e-30f;

struct Integers {
  int low, high;
};
Integers IntegersOf(DType type) {
  return type == DType::kUInt8 ? Integers{0, 255} : Integers{-128, 127};
}

// Index of the output channel of each element: (i / inner) % channels.
struct ChannelOf {
  std::int64_t channels = 1, inner = 1;
  ChannelOf(const Shape& shape, int axis) : channels(shape[axis]) {
    for (int k = axis + 1; k < shape.rank(); ++k) inner *= shape[k];
  }
  std::size_t operator()(std::size_t i) const {
    return static_cast<std::size_t>(static_cast<std::int64_t>(i) / inner % channels);
  }
};

double At(const std::vector<float>& scales, std::size_t i) {
  return static_cast<double>(scales[i % scales.size()]);
}

double Steps(double x, double scale, double low, double high) {
  return std::clamp(std::nearbyint(x / scale), low, high);
}

}  // namespace

ScaleAndZero ScaleOf(const Range& range, DType activations, bool symmetric) {
  const Integers integers = IntegersOf(activations);
  double low = std::min<double>(range.low, 0), high = std::max<double>(range.high, 0);
  if (low == high) return {1, symmetric ? (integers.low + integers.high + 1) / 2 : integers.low};
  if (symmetric) {
    high = std::max(-low, high);
    const auto scale = static_cast<float>(high / 127);
    return {std::max(scale, 1e-30f), (integers.low + integers.high + 1) / 2};
  }
  const auto scale = std::max(static_cast<float>((high - low) / 255), 1e-30f);
  const double zero = integers.low - std::nearbyint(low / static_cast<double>(scale));
  return {scale, static_cast<int>(std::clamp<double>(zero, integers.low, integers.high))};
}

QdqWriter::QdqWriter(Graph* graph, const OpTable* ops, const QuantizePlan* plan,
                     const QuantizeOptions* options, const std::map<ValueId, Range>& ranges)
    : graph_(*graph), ops_(*ops), plan_(*plan), options_(*options) {
  std::map<ValueId, Range> joined;
  const auto join = [&](ValueId group, float low, float high) {
    Range& range = joined[group];
    range = {std::min(range.low, low), std::max(range.high, high)};
  };
  for (const auto& [v, range] : ranges) {
    join(plan_.group[static_cast<std::size_t>(v)], range.low, range.high);
  }
  // Constants that are moved along with quantised values.
  for (const NodeId id : plan_.movers) {
    const Node& node = graph_.node(id);
    for (const ValueId v : node.inputs) {
      if (!graph_.IsConstant(v) || graph_.value(v).info.dtype != DType::kFloat32) continue;
      for (const float x : graph_.value(v).constant.data<float>()) {
        if (std::isfinite(x)) join(plan_.group[static_cast<std::size_t>(node.outputs[0])], x, x);
      }
    }
  }
  for (const auto& [group, range] : joined) {
    scales_[group] = ScaleOf(range, options_.activations, options_.symmetric);
  }
}

StatusOr<ValueId> QdqWriter::RoundTrip(ValueId v) {
  if (const auto made = round_trips_.find(v); made != round_trips_.end()) return made->second;
  const ValueId group = plan_.group[static_cast<std::size_t>(v)];
  const auto [constants, fresh] = constants_.try_emplace(group);
  if (fresh) {
    const ScaleAndZero& chosen = scales_[group];
    const std::string name = graph_.value(group).name;
    constants->second = {graph_.AddConstant(name + "_scale", Tensor::Scalar(chosen.scale)),
                         graph_.AddConstant(name + "_zero_point",
                                            FromInt64s(options_.activations, Shape(),
                                                       std::vector<std::int64_t>{chosen.zero}))};
  }
  const auto [scale, zero] = constants->second;
  const std::string name = graph_.value(v).name;
  const OpDef* const quantize = ops_.Find("", "QuantizeLinear");
  const OpDef* const dequantize = ops_.Find("", "DequantizeLinear");
  const NodeId q = graph_.AddNodeNamed(quantize, {v, scale, zero}, {name + "_quantized"}, {},
                                       name + "_QuantizeLinear");
  const ValueId integers = graph_.node(q).outputs[0];
  const NodeId d = graph_.AddNodeNamed(dequantize, {integers, scale, zero}, {name + "_dequantized"},
                                       {}, name + "_DequantizeLinear");
  PLUMB_RETURN_IF_ERROR(InferNode(graph_, q));
  PLUMB_RETURN_IF_ERROR(InferNode(graph_, d));
  return round_trips_[v] = graph_.node(d).outputs[0];
}

ValueId QdqWriter::Dequantized(std::string_view name, Tensor integers,
                               const std::vector<float>& scales, int axis) {
  const std::string stem(name);
  const Shape shape = scales.size() == 1 && !options_.per_channel
                          ? Shape()
                          : Shape{static_cast<std::int64_t>(scales.size())};
  Tensor zeros = Tensor::Zeros(integers.dtype(), shape);
  const ValueId q = graph_.AddConstant(stem + "_quantized", std::move(integers));
  const ValueId s = graph_.AddConstant(stem + "_scale", Tensor::FromVector<float>(shape, scales));
  const ValueId z = graph_.AddConstant(stem + "_zero_point", std::move(zeros));
  AttrMap attrs;
  if (shape.rank() == 1) attrs.Set("axis", static_cast<std::int64_t>(axis));
  const NodeId d = graph_.AddNodeNamed(ops_.Find("", "DequantizeLinear"), {q, s, z},
                                       {stem + "_dequantized"}, attrs, stem + "_DequantizeLinear");
  return graph_.node(d).outputs[0];
}

std::vector<float> QdqWriter::WeightScales(const Tensor& weight, const QuantizeLayer& layer,
                                           const Tensor& bias, double x_scale) const {
  const ChannelOf channel(weight.shape(), layer.weight_axis);
  const std::size_t count =
      options_.per_channel ? static_cast<std::size_t>(channel.channels) : std::size_t{1};
  std::vector<double> largest(count);
  const auto weights = weight.data<float>();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    double& most = largest[options_.per_channel ? channel(i) : 0];
    most = std::max(most, std::fabs(static_cast<double>(weights[i])) / kWeightSteps);
  }
  // Coarser where the bias would not fit otherwise.
  if (bias.defined()) {
    const auto values = bias.data<float>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      double& most = largest[i % count];
      most = std::max(most, std::fabs(static_cast<double>(values[i])) / x_scale / kLargestBias);
    }
  }
  std::vector<float> scales;
  for (const double most : largest) {
    scales.push_back(most > 0 ? std::max(static_cast<float>(most), 1e-30f) : 1.0f);
  }
  return scales;
}

StatusOr<std::vector<ValueId>> QdqWriter::ProductInputs(const QuantizeLayer& layer,
                                                        const Tensor& bias) {
  std::vector<ValueId> inputs = graph_.node(layer.node).inputs;
  const ValueId weight = inputs[1];
  const ValueId group = plan_.group[static_cast<std::size_t>(inputs[0])];
  const double x_scale = static_cast<double>(scales_[group].scale);
  const std::string weight_name = graph_.value(weight).name;
  PLUMB_ASSIGN_OR_RETURN(inputs[0], RoundTrip(inputs[0]));
  const Tensor real = graph_.value(weight).constant;
  const std::vector<float> scales = WeightScales(real, layer, bias, x_scale);
  ValueId& dequantized = weights_.try_emplace({weight, scales}, kNoValue).first->second;
  if (dequantized == kNoValue) {
    const ChannelOf channel(real.shape(), layer.weight_axis);
    Tensor integers = Tensor::Zeros(DType::kInt8, real.shape());
    const auto from = real.data<float>();
    const auto to = integers.mutable_data<std::int8_t>();
    for (std::size_t i = 0; i < from.size(); ++i) {
      const double scale = At(scales, options_.per_channel ? channel(i) : 0);
      to[i] = static_cast<std::int8_t>(
          Steps(static_cast<double>(from[i]), scale, -kWeightSteps, kWeightSteps));
    }
    dequantized = Dequantized(weight_name, std::move(integers), scales, layer.weight_axis);
    PLUMB_RETURN_IF_ERROR(InferNode(graph_, graph_.value(dequantized).producer));
  }
  inputs[1] = dequantized;
  if (!bias.defined()) return inputs;
  Tensor integers = Tensor::Zeros(DType::kInt32, bias.shape());
  const auto from = bias.data<float>();
  const auto to = integers.mutable_data<std::int32_t>();
  std::vector<float> steps;
  for (std::size_t i = 0; i < from.size(); ++i) {
    steps.push_back(std::max(static_cast<float>(At(scales, i) * x_scale), kLeastScale));
    to[i] =
        static_cast<std::int32_t>(Steps(static_cast<double>(from[i]), static_cast<double>(steps[i]),
                                        -2 * kLargestBias, 2 * kLargestBias - 1));
  }
  if (!options_.per_channel) steps.resize(1);
  inputs.resize(std::max<std::size_t>(inputs.size(), 3), kNoValue);
  const std::string bias_name =
      inputs[2] != kNoValue ? std::string(graph_.value(inputs[2]).name) : weight_name + "_bias";
  inputs[2] = Dequantized(bias_name, std::move(integers), steps, 0);
  PLUMB_RETURN_IF_ERROR(InferNode(graph_, graph_.value(inputs[2]).producer));
  return inputs;
}

Tensor BiasOf(const Graph& graph, const QuantizeLayer& layer) {
  const Node& node = graph.node(layer.node);
  if (node.op->inputs.size() < 3) return {};
  if (node.input(2) != kNoValue) {
    const Tensor& bias = graph.value(node.inputs[2]).constant;
    return bias.Reshaped({bias.num_elements()});
  }
  return Tensor::Zeros(DType::kFloat32, {OutputChannels(graph, layer)});
}

namespace {

// Constants among what moves are quantised like the rest.
Status QuantizeMovedConstants(Graph& graph, QdqWriter& writer, NodeId id) {
  const std::size_t count = graph.node(id).inputs.size();
  for (std::size_t i = 0; i < count; ++i) {
    const ValueId v = graph.node(id).inputs[i];
    if (!graph.IsConstant(v) || graph.value(v).info.dtype != DType::kFloat32) continue;
    PLUMB_ASSIGN_OR_RETURN(const ValueId moved, writer.RoundTrip(v));
    graph.node(id).inputs[i] = moved;
  }
  return OkStatus();
}

std::set<NodeId> IntegerNodes(const QuantizePlan& plan) {
  std::set<NodeId> nodes(plan.movers.begin(), plan.movers.end());
  for (const QuantizeLayer& layer : plan.layers) nodes.insert(layer.node);
  return nodes;
}

// What is made of integers: nobody reads it before it is rounded. Real numbers that somebody needs
// as integers stay as they are for the rest.
std::set<ValueId> IntegerValues(const Graph& graph, const QuantizePlan& plan) {
  std::set<ValueId> values;
  for (const QuantizeLayer& layer : plan.layers) values.insert(layer.result);
  for (const NodeId id : plan.movers) {
    values.insert(graph.node(id).outputs.begin(), graph.node(id).outputs.end());
  }
  return values;
}

}  // namespace

Status InsertQdq(Graph& graph, const OpTable& ops, const QuantizePlan& plan,
                 const QuantizeOptions& options, const std::map<ValueId, Range>& ranges,
                 const Biases& biases, std::vector<LayerNames>* layers) {
  QuantizePlan joined = plan;
  for (const NodeId id : plan.movers) {
    for (const ValueId v : graph.node(id).inputs) {
      if (!graph.IsConstant(v)) continue;
      const auto output = static_cast<std::size_t>(graph.node(id).outputs[0]);
      joined.group[static_cast<std::size_t>(v)] = plan.group[output];
    }
  }
  if (layers != nullptr) {
    for (const QuantizeLayer& layer : plan.layers) {
      const Node& node = graph.node(layer.node);
      const std::string value = graph.value(layer.result).name;
      layers->push_back({node.name, Str(node.op->name), value, value});
    }
  }
  QdqWriter writer(&graph, &ops, &joined, &options, ranges);
  for (const QuantizeLayer& layer : plan.layers) {
    if (!layer.product) continue;
    const auto corrected = biases.find(layer.node);
    Tensor bias = corrected != biases.end() ? corrected->second : Tensor();
    if (!bias.defined() && graph.node(layer.node).input(2) != kNoValue) {
      bias = BiasOf(graph, layer);
    }
    PLUMB_ASSIGN_OR_RETURN(std::vector<ValueId> inputs, writer.ProductInputs(layer, bias));
    graph.node(layer.node).inputs = std::move(inputs);
  }
  for (const NodeId id : plan.movers) {
    PLUMB_RETURN_IF_ERROR(QuantizeMovedConstants(graph, writer, id));
  }
  const std::set<NodeId> integer_nodes = IntegerNodes(plan);
  const std::set<ValueId> integer_values = IntegerValues(graph, plan);
  std::map<ValueId, ValueId> replaced;
  for (const ValueId v : plan.values) {
    PLUMB_ASSIGN_OR_RETURN(const ValueId back, writer.RoundTrip(v));
    if (!integer_values.contains(v)) {
      for (const NodeId id : integer_nodes) std::ranges::replace(graph.node(id).inputs, v, back);
      continue;
    }
    const NodeId quantize = graph.value(graph.node(graph.value(back).producer).inputs[0]).producer;
    ReplaceValue(graph, v, back);
    graph.node(quantize).inputs[0] = v;
    replaced[v] = back;
  }
  for (std::size_t i = 0; layers != nullptr && i < layers->size(); ++i) {
    const auto found = replaced.find(plan.layers[i].result);
    if (found != replaced.end()) {
      (*layers)[i].quantised_value = graph.value(found->second).name;
    }
  }
  graph.RemoveDeadNodes();
  PLUMB_RETURN_IF_ERROR(InferGraph(graph));
  return Verify(graph);
}

}  // namespace plumb::engine
