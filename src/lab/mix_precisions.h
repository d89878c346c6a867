// The fastest mix of precisions, layer by layer, whose output error stays below a bound.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "lab/calibrate.h"

namespace plumb::lab {

struct MixOptions {
  double max_error = 0.01;  // max |mixed - fp32| / max |fp32| of any output and sample
  engine::QuantizeOptions quantize;
  double seconds = 0.5;  // to time each candidate model for, about
};

// A product of the model in one precision.
struct LayerForm {
  bool possible = false;
  double ms = 0;     // of its step, in a model that is all of this precision
  double error = 0;  // root mean square of the output's error that it makes alone, relative
};

struct MixedLayer {
  std::string node, op;
  DType precision = DType::kFloat32;  // chosen: fp32, bf16 or int8
  LayerForm fp32, bf16, int8;
  std::string why;  // it is not narrower

  LayerForm& form(DType type);
  const LayerForm& form(DType type) const;
};

// A whole model that was tried.
struct MixCandidate {
  std::string name;  // "fp32", "bf16", "int8" or "mix"
  double ms = 0;     // median of runs
  double error = 0;  // as max_error bounds it
};

struct Mix {
  // Standard operators only: QuantizeLinear and DequantizeLinear around integers, casts to bf16 and
  // back around bf16.
  Graph graph;
  Graph fp32;                            // the same before anything was narrowed
  std::vector<MixedLayer> layers;        // in order of the graph
  std::vector<MixCandidate> candidates;  // single precisions first
  std::vector<std::string> unbounded;    // outputs that are no floats: no error is known of them
  std::size_t chosen = 0;                // the fastest candidate whose error stays below the bound
};

// `graph` is a float model as the file has it; models that leave nothing to narrow come out as they
// are. Layers are given the precisions that take the least time for a bound on the sum of squares
// of their errors; the bound is moved until the error that is measured on all samples meets
// max_error. Errors: those of Calibrate; outputs without floats.
StatusOr<Mix> MixPrecisions(const Graph& graph, const MixOptions& options,
                            const SampleRunner& runner);

}  // namespace plumb::lab
