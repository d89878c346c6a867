// plumb: argument parsing and printing; what it does is done by the rooms.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "cli/command.h"
#include "cli/version.h"

namespace plumb::cli {

#define PLUMB_COMMAND(Name, file) void Add##Name(CLI::App& app, Action* action);
#include "cli/commands.def"
#undef PLUMB_COMMAND

namespace {

constexpr AddCommand kCommands[] = {
#define PLUMB_COMMAND(Name, file) &Add##Name,
#include "cli/commands.def"
#undef PLUMB_COMMAND
};

constexpr char kUsagePrefix[] = "usage: ";

// What is wrong with the command's name; empty when nothing is.
std::string WrongCommand(const CLI::App& app, int argc, char** argv) {
  const std::string name = argc < 2 ? "" : argv[1];
  std::string names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    if (command->get_name() == name) return "";
    names += (names.empty() ? "" : ", ") + command->get_name();
  }
  if (argc < 2) return "expected a command: " + names + "; --help says more";
  if (name.starts_with('-')) return "";
  return "unknown command '" + name + "'; there are " + names;
}

int Main(int argc, char** argv) {
  // A reader that goes away ends the writing with an error, not the program.
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app("Plumbline: from a model file to a served, measured application.", "plumb");
  app.set_version_flag("--version", VersionText());
  app.require_subcommand(1);
  app.footer("Example: plumb bench resnet50.onnx --threads 2");
  Action action;
  for (AddCommand add : kCommands) add(app, &action);
  if (const std::string wrong = WrongCommand(app, argc, argv); !wrong.empty()) {
    std::fprintf(stderr, "plumb: %s\n", wrong.c_str());
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "plumb: %s\n", error.what());
    return 2;
  }
  const Status status = action();
  if (status.ok()) return std::fflush(stdout) == 0 ? 0 : 1;
  std::string message(status.message());
  if (IsUsageError(status)) message = message.substr(sizeof(kUsagePrefix) - 1);
  std::fflush(stdout);
  std::fprintf(stderr, "plumb: %s\n", message.c_str());
  return IsUsageError(status) ? 2 : 1;
}

}  // namespace

Status UsageError(const std::string& message) { return InvalidArgument(kUsagePrefix, message); }

bool IsUsageError(const Status& status) {
  return status.code() == StatusCode::kInvalidArgument &&
         absl::string_view(status.message()).substr(0, sizeof(kUsagePrefix) - 1) == kUsagePrefix;
}

}  // namespace plumb::cli

int main(int argc, char** argv) { return plumb::cli::Main(argc, argv); }
