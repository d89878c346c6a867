// Static quantisation: calibrates a float model on samples, writes its QDQ form, and says what each
// layer loses by it.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "lab/calibrate.h"

namespace plumb::lab {

// The quantised model beside the float one, over all samples.
struct QuantizationError {
  std::string value;     // name in the float model
  std::string node, op;  // that makes it; empty op: an output of the model
  // Integers, and tensors whose sizes part, have no error: the figures say nothing then.
  bool comparable = true;
  // max |quantised - float| / max |float|; infinite where only one is a number.
  double relative = 0;
  double sqnr_db = 0;  // 10 log10(sum float^2 / sum (quantised - float)^2), -infinite likewise
};

struct Quantization {
  Graph graph;  // standard operators only
  std::vector<QuantizationError> layers, outputs;
};

// Calibrates the graph, as the file has it, and measures what its layers lose. Errors: those of
// Calibrate; nothing to quantise.
StatusOr<Quantization> Quantize(const Graph& graph, const engine::QuantizeOptions& options,
                                const SampleRunner& runner);

}  // namespace plumb::lab
