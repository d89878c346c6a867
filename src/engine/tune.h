// Measures the kernels that a model's plans had a choice of, for the next time it is compiled.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "engine/measure_kernels.h"
#include "engine/model.h"
#include "engine/tuning_database.h"

namespace plumb::engine {

// One kernel that was measured, or was known already.
struct TunedNode {
  std::string node, op;
  std::string before;         // what the cost model chose
  double before_seconds = 0;  // negative: was not timed
  TunedKernel kernel;         // what is remembered
  bool known = false;         // by the database, before
  std::size_t number = 0, of = 0;
};

struct TuneOptions {
  MeasureOptions measure;
  bool again = false;                         // what the database knows too
  const std::atomic<bool>* cancel = nullptr;  // set: stops after the call at hand
  std::function<void(const TunedNode&)> progress;
};

// Measures each different problem of the plans made so far, one thread at a time, and inserts what
// was fastest; the caller saves the database. The model itself stays as it is: what was found
// counts for those compiled with the database later. Thread-safe; runs of the model may be under
// way. Errors: no memory.
StatusOr<std::vector<TunedNode>> TuneModel(Model& model, TuningDatabase* database,
                                           const TuneOptions& options = {});

}  // namespace plumb::engine
