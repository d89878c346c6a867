// Measuring the kernels of a model before it runs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/model_options.h"
#include "engine/tune.h"

namespace plumb::cli {

struct Tuned {
  std::shared_ptr<engine::TuningDatabase> database;  // for LoadModel
  std::vector<engine::TunedNode> nodes;
  Status saved;  // why what was found is lost after this run, OK where it is kept
};

// Loads the model, plans the shapes that `shapes_of` gives and measures the kernels that the plan
// had a choice of: those that nobody measured before, or, with `again`, all. What was found is
// kept in the folder of caches. Tells its progress on a terminal.
StatusOr<Tuned> TuneKernels(
    const ModelOptions& options, const std::vector<std::string>& given,
    const std::function<StatusOr<std::vector<Shape>>(const LoadedModel&)>& shapes_of,
    bool again = false);

// Tells a run that goes on that the next one will know nothing of what was measured.
void WarnUnsaved(const Tuned& tuned);

}  // namespace plumb::cli
