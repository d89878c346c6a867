// Mistakes of usage as this program words them, whoever finds them.
#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace plumb::cli {

// The command that the arguments chose so far, with its groups: "plumb pipeline run".
std::string ChosenCommand(const CLI::App& app);

// What is wrong with the arguments, as one line without a full stop: "unknown option '--fast'".
std::string UsageText(const CLI::App& app, const CLI::ParseError& error);

}  // namespace plumb::cli
