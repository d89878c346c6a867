// Another program, run to its end.
#pragma once

#include <string>
#include <vector>

#include "core/status.h"

namespace plumb {

struct ProcessEnd {
  bool success = false;  // it ended by itself, with status 0
  std::string messages;  // the beginning of its standard error
};

// Runs command[0], found by the search path, in `folder` (empty: the current one), without input;
// its standard output is dropped. Errors: it cannot be started.
StatusOr<ProcessEnd> RunProcess(const std::vector<std::string>& command,
                                const std::string& folder = {});

}  // namespace plumb
