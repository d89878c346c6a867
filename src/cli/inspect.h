// The two things that `plumb inspect` prints.
#pragma once

#include "cli/model_options.h"
#include "cli/table.h"

namespace plumb::cli {

// A model: inputs, outputs, operators, plan and memory. As JSON a line for the model, then one for
// each step.
Status InspectModel(const ModelOptions& options, Format format);

// This machine: its processor and what it reaches. As JSON a line for the processor, then one for
// each ceiling. Takes a few seconds.
Status InspectCpu(Format format);

}  // namespace plumb::cli
