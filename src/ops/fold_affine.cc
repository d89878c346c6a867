// Folding y = scale * op(x) + shift per channel into the constants of a convolution or a product.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ops/convolution.h"
#include "ops/matrix_product.h"

namespace plumb::ops {
namespace {

// One element stands for all channels.
double At(const std::vector<float>& values, std::int64_t channel) {
  return values[values.size() == 1 ? 0 : static_cast<std::size_t>(channel)];
}

bool Covers(const ChannelAffine& affine, std::int64_t channels) {
  const auto fits = [&](const std::vector<float>& values) {
    return values.size() == 1 || static_cast<std::int64_t>(values.size()) == channels;
  };
  return fits(affine.scale) && fits(affine.shift);
}

// The constant of an input as doubles; nullopt when it is not a floating-point constant.
std::optional<std::vector<double>> ConstantOf(const Graph& graph, ValueId value) {
  if (!graph.IsConstant(value) || !IsFloating(graph.value(value).constant.dtype())) {
    return std::nullopt;
  }
  return ToDoubles(graph.value(value).constant);
}

ValueId AddLike(Graph& graph, ValueId like, const Shape& shape, const std::vector<double>& values,
                std::string_view suffix) {
  const std::string name = graph.value(like).name + Str(suffix);
  const DType type = graph.value(like).constant.dtype();
  return graph.AddConstant(graph.UniqueName(name), FromDoubles(type, shape, values));
}

// bias (zero where absent) * scale + shift, as input 2.
void FoldBias(Graph& graph, NodeId node, const std::vector<double>& bias,
              const ChannelAffine& affine) {
  std::vector<double> folded(bias.size());
  for (std::size_t c = 0; c < bias.size(); ++c) {
    const auto channel = static_cast<std::int64_t>(c);
    folded[c] = bias[c] * At(affine.scale, channel) + At(affine.shift, channel);
  }
  const ValueId value = AddLike(graph, graph.node(node).input(1),
                                Shape{static_cast<std::int64_t>(bias.size())}, folded, "_bias");
  std::vector<ValueId>& inputs = graph.node(node).inputs;
  if (inputs.size() < 3) inputs.resize(3, kNoValue);
  inputs[2] = value;
}

// A new weight, each of its output channels scaled.
void ScaleWeight(Graph& graph, NodeId id, const ChannelAffine& affine, std::int64_t group,
                 bool transposed) {
  const ValueId old = graph.node(id).input(1);
  const Shape shape = graph.value(old).constant.shape();
  std::vector<double> weight = ToDoubles(graph.value(old).constant);
  const std::int64_t taps = static_cast<std::int64_t>(weight.size()) / (shape[0] * shape[1]);
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i) / taps;
    const std::int64_t row = at / shape[1], column = at % shape[1];
    const std::int64_t channel = transposed ? row / (shape[0] / group) * shape[1] + column : row;
    weight[i] *= At(affine.scale, channel);
  }
  graph.node(id).inputs[1] = AddLike(graph, old, shape, weight, "_scaled");
}

// Multiplies the scale of FusedConv, which Conv becomes. False when a scale is there that is not
// constant.
bool SetScale(Graph& graph, NodeId id, const ChannelAffine& affine, std::int64_t channels) {
  constexpr std::size_t kScale = 4;
  std::vector<double> scale(static_cast<std::size_t>(channels), 1.0);
  if (graph.node(id).input(kScale) != kNoValue) {
    std::optional<std::vector<double>> given = ConstantOf(graph, graph.node(id).input(kScale));
    if (!given || given->size() != scale.size()) return false;
    scale = *std::move(given);
  }
  for (std::size_t c = 0; c < scale.size(); ++c) {
    scale[c] *= At(affine.scale, static_cast<std::int64_t>(c));
  }
  if (std::ranges::all_of(scale, [](double x) { return x == 1; })) return true;
  const ValueId value = AddLike(graph, graph.node(id).input(1), Shape{channels}, scale, "_scale");
  Node& node = graph.node(id);
  node.op = &FusedConvOp();
  node.inputs.resize(kScale + 1, kNoValue);
  node.inputs[kScale] = value;
  return true;
}

// What is added after the product is not scaled by folding into its constants.
bool HasEpilogue(const Node& node) {
  return node.input(3) != kNoValue || node.attrs.String("activation", "none") != "none";
}

}  // namespace

bool AbsorbAffineIntoConv(Graph& graph, NodeId id, const ChannelAffine& affine, bool transposed) {
  const Node& node = graph.node(id);
  if (HasEpilogue(node) || !graph.IsConstant(node.input(1))) return false;
  const Tensor& weight = graph.value(node.input(1)).constant;
  const Shape& shape = weight.shape();
  const std::int64_t group = node.attrs.Int("group", 1);
  if (!IsFloating(weight.dtype()) || shape.rank() < 3 || group < 1 || shape[0] % group != 0 ||
      weight.num_elements() == 0) {
    return false;
  }
  const std::int64_t channels = transposed ? shape[1] * group : shape[0];
  if (!Covers(affine, channels)) return false;
  std::vector<double> bias(static_cast<std::size_t>(channels));
  if (node.input(2) != kNoValue) {
    std::optional<std::vector<double>> given = ConstantOf(graph, node.input(2));
    if (!given || given->size() != bias.size()) return false;
    bias = *std::move(given);
  }
  // A scale of its own keeps its precision in fp32 alone.
  if (transposed || weight.dtype() != DType::kFloat32) {
    ScaleWeight(graph, id, affine, group, transposed);
  } else if (!SetScale(graph, id, affine, channels)) {
    return false;
  }
  FoldBias(graph, id, bias, affine);
  return true;
}

bool AbsorbAffineIntoProduct(Graph& graph, NodeId id, const ChannelAffine& affine) {
  const Node& node = graph.node(id);
  const ProductForm form = ReadProductForm(node.attrs);
  if (HasEpilogue(node) || form.beta != 1) return false;
  const std::optional<DimVector>& y = graph.value(node.output(0)).info.dims;
  std::optional<std::vector<double>> b = ConstantOf(graph, node.input(1));
  if (!b || !y || y->size() != 2) return false;
  const Shape shape = graph.value(node.input(1)).constant.shape();
  if (shape.rank() != 2) return false;
  const std::int64_t columns = form.transpose_b ? shape[0] : shape[1];
  if (!Covers(affine, columns)) return false;
  std::vector<double> bias(static_cast<std::size_t>(columns));
  if (node.input(2) != kNoValue) {
    std::optional<std::vector<double>> given = ConstantOf(graph, node.input(2));
    if (!given) return false;
    const Shape given_shape = graph.value(node.input(2)).constant.shape();
    // A bias per row is no constant per column.
    if (given_shape.rank() > 1 && given_shape[0] != 1) return false;
    if (given->size() != 1 && given->size() != bias.size()) return false;
    for (std::size_t i = 0; i < bias.size(); ++i) bias[i] = (*given)[given->size() == 1 ? 0 : i];
  }
  for (std::size_t i = 0; i < b->size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    (*b)[i] *= At(affine.scale, form.transpose_b ? at / shape[1] : at % shape[1]);
  }
  const ValueId folded = AddLike(graph, node.input(1), shape, *b, "_scaled");
  graph.node(id).inputs[1] = folded;
  FoldBias(graph, id, bias, affine);
  return true;
}

}  // namespace plumb::ops
