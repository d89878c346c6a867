// Static quantisation: calibrates a float model on samples, writes its QDQ form, and says what each
// layer loses by it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/target.h"
#include "core/tensor.h"
#include "core/thread_pool.h"
#include "engine/quantize/plan.h"
#include "graph/graph.h"

namespace plumb::lab {

// Inputs to calibrate on. `read` gives those of sample i, in order of the graph; it is asked for
// each sample several times, and nothing is kept in between.
struct CalibrationSamples {
  std::int64_t count = 0;
  std::function<StatusOr<std::vector<Tensor>>(std::int64_t)> read;
};

// The quantised model beside the float one, over all samples.
struct QuantizationError {
  std::string value;     // name in the float model
  std::string node, op;  // that makes it; empty op: an output of the model
  // Integers, and tensors whose sizes part, have no error: the figures say nothing then.
  bool comparable = true;
  double relative =
      0;               // max |quantised - float| / max |float|; infinite where only one is a number
  double sqnr_db = 0;  // 10 log10(sum float^2 / sum (quantised - float)^2), -infinite likewise
};

struct Quantization {
  Graph graph;  // standard operators only
  std::vector<QuantizationError> layers, outputs;
};

// Is told what is under way: "ranges", "biases" or "errors", and how many samples are done.
using QuantizeProgress =
    std::function<void(std::string_view what, std::int64_t done, std::int64_t count)>;

// `graph` is as the file has it. Errors: those of engine::PlanQuantization; an input that is the
// same number everywhere in all samples, a value that is no finite number (both named).
StatusOr<Quantization> Quantize(const Graph& graph, const CalibrationSamples& samples,
                                const engine::QuantizeOptions& options, const Target& target,
                                ThreadPool* pool, const QuantizeProgress& progress = {});

}  // namespace plumb::lab
