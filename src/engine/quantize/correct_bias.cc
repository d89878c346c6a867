#include "engine/quantize/correct_bias.h"

#include "graph/builder.h"
#include "graph/infer.h"

namespace plumb::engine {

StatusOr<BiasProbe> MakeBiasProbe(const Graph& graph, const OpTable& ops, const QuantizePlan& plan,
                                  const QuantizeOptions& options,
                                  const std::map<ValueId, Range>& ranges) {
  BiasProbe probe{graph.Clone(), {}};
  Graph& g = probe.graph;
  QdqWriter writer(&g, &ops, &plan, &options, ranges);
  GraphBuilder builder(&g, &ops);
  std::vector<ValueId> means;
  for (const QuantizeLayer& layer : plan.layers) {
    if (!layer.product) continue;
    const Tensor bias = BiasOf(g, layer);
    const ValueId real = g.node(layer.node).outputs[0];
    if (!bias.defined() || !g.value(real).info.dims) continue;
    PLUMB_ASSIGN_OR_RETURN(std::vector<ValueId> inputs, writer.ProductInputs(layer, bias));
    const NodeId copy =
        g.AddNode(g.node(layer.node).op, std::move(inputs), 1, g.node(layer.node).attrs);
    PLUMB_RETURN_IF_ERROR(InferNode(g, copy));
    const auto rank = static_cast<std::int64_t>(g.value(real).info.dims->size());
    const bool matrix = g.value(g.node(layer.node).inputs[1]).constant.rank() == 2;
    std::vector<std::int64_t> axes;
    for (std::int64_t k = 0; k < rank; ++k) {
      if (k != (matrix ? rank - 1 : 1)) axes.push_back(k);
    }
    const ValueId difference = builder.Call("Sub", {real, g.node(copy).outputs[0]});
    AttrMap attrs;
    attrs.Set("keepdims", std::int64_t{0});
    means.push_back(builder.Call("ReduceMean", {difference, builder.Ints(axes)}, attrs));
    PLUMB_RETURN_IF_ERROR(builder.status());
    probe.layers.push_back(layer);
  }
  for (const ValueId mean : means) g.AddOutput(mean);
  return probe;
}

void BiasCorrection::Add(const std::vector<Tensor>& outputs) {
  sums_.resize(probe_.layers.size());
  const std::size_t first = outputs.size() - sums_.size();
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const std::vector<double> mean = ToDoubles(outputs[first + i]);
    sums_[i].resize(mean.size());
    for (std::size_t c = 0; c < mean.size(); ++c) sums_[i][c] += mean[c];
  }
  ++count_;
}

Biases BiasCorrection::biases() const {
  Biases biases;
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const QuantizeLayer& layer = probe_.layers[i];
    Tensor bias = BiasOf(probe_.graph, layer).Clone();
    const auto values = bias.mutable_data<float>();
    for (std::size_t c = 0; c < values.size(); ++c) {
      values[c] = static_cast<float>(static_cast<double>(values[c]) + sums_[i][c] / count_);
    }
    biases[layer.node] = std::move(bias);
  }
  return biases;
}

}  // namespace plumb::engine
