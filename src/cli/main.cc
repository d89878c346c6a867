// plumb: argument parsing and printing; what it does is done by the rooms.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <system_error>

#include "cli/command.h"
#include "cli/usage_text.h"
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
  if (argc < 2) return "expected a command: " + names;
  if (name.starts_with('-')) return "";
  return "unknown command '" + name + "'; there are " + names;
}

int Fail(const std::string& message) {
  std::fflush(stdout);
  std::fprintf(stderr, "plumb: %s\n", message.c_str());
  return 1;
}

int FailUsage(const std::string& command, const std::string& message) {
  std::fprintf(stderr, "%s: %s; see %s --help\n", command.c_str(), message.c_str(),
               command.c_str());
  return 2;
}

// What was printed has arrived, or the program fails: a full disk, a reader that went away.
int EndOutput() {
  std::cout.flush();
  const bool buffered = std::fflush(stdout) == 0 && std::cout.good();
  if (buffered && std::ferror(stdout) == 0) return 0;
  return Fail("standard output cannot be written: " +
              std::generic_category().message(errno == 0 ? EIO : errno));
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
    return FailUsage("plumb", wrong);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    app.exit(success);
    return EndOutput();
  } catch (const CLI::ParseError& error) {
    return FailUsage(ChosenCommand(app), UsageText(app, error));
  }
  const Status status = action();
  const std::string message(status.message());
  if (IsUsageError(status)) {
    return FailUsage(ChosenCommand(app), message.substr(sizeof(kUsagePrefix) - 1));
  }
  return status.ok() ? EndOutput() : Fail(message);
}

}  // namespace

Status UsageError(const std::string& message) { return InvalidArgument(kUsagePrefix, message); }

bool IsUsageError(const Status& status) {
  return status.code() == StatusCode::kInvalidArgument &&
         absl::string_view(status.message()).substr(0, sizeof(kUsagePrefix) - 1) == kUsagePrefix;
}

}  // namespace plumb::cli

int main(int argc, char** argv) { return plumb::cli::Main(argc, argv); }
