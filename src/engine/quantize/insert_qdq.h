// Writes QuantizeLinear and DequantizeLinear into a float graph: what the QDQ form of ONNX is.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/quantize/plan.h"

namespace plumb::engine {

// real = (integer - zero) * scale.
struct ScaleAndZero {
  float scale = 1;
  int zero = 0;
};
// The range over all integers of 8 bits; a range of nothing has scale 1.
ScaleAndZero ScaleOf(const Range& range, DType activations, bool symmetric);

// Adds the nodes of one graph. Constants are shared: a scale by all values of a group, a quantised
// weight by all products that scale it in the same way.
class QdqWriter {
 public:
  // `ranges` are by value of the plan.
  QdqWriter(Graph* graph, const OpTable* ops, const QuantizePlan* plan,
            const QuantizeOptions* options, const std::map<ValueId, Range>& ranges);

  // `v` quantised and dequantised again; made once.
  StatusOr<ValueId> RoundTrip(ValueId v);
  // The inputs of a product: its activation after a round trip; the weight as int8, one scale for
  // each output channel (or one), zero point 0; the bias as int32 in steps of the product of both
  // scales. `bias` stands in place of the node's own; undefined: none.
  StatusOr<std::vector<ValueId>> ProductInputs(const QuantizeLayer& layer, const Tensor& bias);

 private:
  ValueId Dequantized(std::string_view name, Tensor integers, const std::vector<float>& scales,
                      int axis);
  std::vector<float> WeightScales(const Tensor& weight, const QuantizeLayer& layer,
                                  const Tensor& bias, double x_scale) const;

  Graph& graph_;
  const OpTable& ops_;
  const QuantizePlan& plan_;
  const QuantizeOptions& options_;
  std::map<ValueId, ScaleAndZero> scales_;                    // by group
  std::map<ValueId, std::pair<ValueId, ValueId>> constants_;  // scale and zero point by group
  std::map<ValueId, ValueId> round_trips_;
  std::map<std::pair<ValueId, std::vector<float>>, ValueId> weights_;
};

// Biases that take the place of those in the graph, by node.
using Biases = std::map<NodeId, Tensor>;

// A layer in both graphs: its node, and its result by name.
struct LayerNames {
  std::string node, op;
  std::string float_value, quantised_value;
};

// Makes the quantised graph of the float one. Outputs keep their names. `layers`, when given, gets
// what can be compared.
Status InsertQdq(Graph& graph, const OpTable& ops, const QuantizePlan& plan,
                 const QuantizeOptions& options, const std::map<ValueId, Range>& ranges,
                 const Biases& biases, std::vector<LayerNames>* layers);

// The bias of a node as f32 [channels]; zeros where it has none but could. Undefined: it cannot.
Tensor BiasOf(const Graph& graph, const QuantizeLayer& layer);

}  // namespace plumb::engine
