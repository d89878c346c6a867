// The backend tests of ONNX: folders with a model and the outputs that it must give.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/target.h"
#include "core/tensor.h"
#include "core/thread_pool.h"
#include "graph/graph.h"

namespace plumb::lab {

// Runs a graph on inputs in the order of graph.inputs(); outputs in the order of graph.outputs().
using RunModel = std::function<StatusOr<std::vector<Tensor>>(const Graph& graph,
                                                             const std::vector<Tensor>& inputs)>;

// Runs graphs on the engine; the pool outlives what is returned.
RunModel RunOnEngine(const Target& target, ThreadPool* pool);
// Runs graphs on the reference interpreter.
RunModel RunOnReference();

struct ConformanceCounts {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
};

// A case that failed, or the cases that were skipped for one reason.
struct ConformanceFinding {
  bool failed = false;
  std::vector<std::string> cases;
  std::string reason;

  // "FAILED node/test_add: output 0 'y': ...", "skipped 2 cases (node/test_add, ...): ..."
  std::string Text() const;
};

// Every folder below `directories` that has model.onnx and test_data_set_*/{input,output}_*.pb is a
// case; it passes when all its data sets do: types and shapes equal, numbers within the tolerances
// of ONNX's own runner (relative 1e-3, absolute 1e-7; bf16 one unit in the last place, as its data
// were cut, not rounded), NaN where NaN is expected. A case is skipped when its model needs what
// the importer says is not supported: operators, element types, sequences; when an input of its
// data has not the shape that its model declares; and when only the numbers differ and come from a
// random generator, which ONNX leaves open. Data sets that hold bf16 as u16 (NumPy has no bf16) are
// read as bf16 where the model says so.
//
// `tell` is given each failure as it happens, then each reason to skip. Errors: a folder that
// cannot be read, and no case at all.
StatusOr<ConformanceCounts> RunConformance(
    const std::vector<std::string>& directories, const RunModel& run,
    const std::function<void(const ConformanceFinding&)>& tell);

// What differs, or OK: "output 0 'y': element 7 is 3, expected 4".
Status CompareOutput(const Tensor& actual, const Tensor& expected);

}  // namespace plumb::lab
