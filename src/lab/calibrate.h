// A float model seen on samples: what quantising it needs to know.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "core/target.h"
#include "core/tensor.h"
#include "core/thread_pool.h"
#include "engine/quantize/insert_qdq.h"
#include "engine/session.h"
#include "graph/graph.h"

namespace plumb::lab {

// Inputs to calibrate on. `read` gives those of sample i, in order of the graph; it is asked for
// each sample several times, and nothing is kept in between.
struct CalibrationSamples {
  std::int64_t count = 0;
  std::function<StatusOr<std::vector<Tensor>>(std::int64_t)> read;
};

// Is told what is under way, and how much of it is done.
using CalibrationProgress =
    std::function<void(std::string_view what, std::int64_t done, std::int64_t count)>;

// What runs models on samples.
struct SampleRunner {
  const CalibrationSamples& samples;
  Target target;
  ThreadPool* pool = nullptr;
  CalibrationProgress progress = {};

  StatusOr<std::unique_ptr<engine::Session>> Compile(const Graph& graph) const;
  // Runs the graph on every sample and hands over its outputs. `what` is for the progress; "":
  // none.
  using Outputs = std::function<Status(std::int64_t sample, const std::vector<Tensor>& outputs)>;
  Status OnEverySample(const Graph& graph, std::string_view what, const Outputs& take) const;
};

struct CalibratedModel {
  Graph graph;  // folded, of standard operators; what follows names its values and nodes
  engine::QuantizePlan plan;
  std::map<ValueId, engine::Range> ranges;  // of the values of the plan
  engine::Biases biases;                    // corrected, where options ask for it
};

// `graph` is as the file has it. Errors: no samples; those of engine::PlanQuantization; an input
// that is the same number everywhere in all samples, a value that is no finite number (both named).
StatusOr<CalibratedModel> Calibrate(const Graph& graph, const engine::QuantizeOptions& options,
                                    const SampleRunner& runner);

}  // namespace plumb::lab
