// Bias correction: rounding weights shifts the mean of a layer's output; the bias takes it back.
#pragma once

#include <vector>

#include "core/target.h"
#include "core/thread_pool.h"
#include "engine/quantize/insert_qdq.h"

namespace plumb::engine {

// A float graph in which every product that can take a bias is computed a second time on quantised
// operands, from the same input. After the outputs of the graph come, for each, the mean over the
// batch and all positions of the difference by output channel (M. Nagel et al., "Data-Free
// Quantization Through Weight Equalization and Bias Correction", ICCV 2019, section 4.2, measured
// on data).
struct BiasProbe {
  Graph graph;
  std::vector<QuantizeLayer> layers;  // of the outputs behind those of the graph
};
StatusOr<BiasProbe> MakeBiasProbe(const Graph& graph, const OpTable& ops, const QuantizePlan& plan,
                                  const QuantizeOptions& options,
                                  const std::map<ValueId, Range>& ranges);

// Biases with the mean of the differences added.
class BiasCorrection {
 public:
  explicit BiasCorrection(const BiasProbe& probe) : probe_(probe) {}
  void Add(const std::vector<Tensor>& outputs);  // of one run of the probe
  Biases biases() const;

 private:
  const BiasProbe& probe_;
  std::vector<std::vector<double>> sums_;
  double count_ = 0;
};

}  // namespace plumb::engine
