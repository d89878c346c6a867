// The commands of `plumb`: each file adds one subcommand; main.cc lists them.
#pragma once

#include <functional>
#include <string>

#include "core/status.h"

namespace CLI {
class App;
}

namespace plumb::cli {

// What a parsed command does; its error becomes one line on standard error and exit status 1.
using Action = std::function<Status()>;

// Declares options on `app` (the whole program) and sets *action when its subcommand was chosen.
using AddCommand = void (*)(CLI::App& app, Action* action);

// A mistake of usage found after parsing (an option that does not fit the model): exit status 2.
Status UsageError(const std::string& message);
bool IsUsageError(const Status& status);

}  // namespace plumb::cli
