// A compiled library beside the interpreter that it replaces: the same bits, and what both cost.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/library/compile_library.h"
#include "engine/session.h"

namespace plumb::lab {

struct CompiledLatency {
  double interpreted_ms = 0;  // medians of runs that took turns
  double compiled_ms = 0;
  int runs = 0;                        // of each
  std::vector<std::string> different;  // names of the outputs that are not equal bit for bit
};

// Runs the session and the library in turns on seeded normal numbers of these shapes, for about
// `seconds` and at least 5 times each. Outputs of one run of either are compared.
StatusOr<CompiledLatency> CompareCompiled(engine::Session& session, std::span<const Shape> shapes,
                                          const std::string& library, const std::string& name,
                                          double seconds);

// Median of the milliseconds that `runs` runs of a command take, from the start of the process to
// its end. Errors: it cannot be started, or fails.
StatusOr<double> ProcessMs(const std::vector<std::string>& command, int runs);

}  // namespace plumb::lab
