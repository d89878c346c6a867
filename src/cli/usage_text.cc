#include "cli/usage_text.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"

namespace plumb::cli {
namespace {

const CLI::App& Innermost(const CLI::App& app) {
  const CLI::App* chosen = &app;
  while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands().front();
  return *chosen;
}

// The option that the library's message begins with; null when it is of something else.
const CLI::Option* OptionOf(const CLI::App& command, const std::string& message) {
  const CLI::Option* found = nullptr;
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (message.starts_with(name) && (found == nullptr || name.size() > found->get_name().size())) {
      found = option;
    }
  }
  return found;
}

std::string Unexpected(const std::string& argument) {
  const bool option = argument.starts_with('-');
  return absl::StrCat(option ? "unknown option '" : "unexpected argument '", argument, "'");
}

std::string Missing(const CLI::App& command) {
  std::string names;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_required() || option->count() > 0) continue;
    absl::StrAppend(&names, names.empty() ? "" : ", ", option->get_name());
  }
  if (!names.empty())
    return names + (names.find(',') == names.npos ? " is missing" : " are missing");
  for (const CLI::App* below : command.get_subcommands(nullptr)) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", below->get_name());
  }
  return "expected a command: " + names;
}

std::string WrongCount(const CLI::Option& option) {
  const std::string name = option.get_name();
  if (option.get_items_expected_max() == 0) return name + " takes no value";
  if (option.count() > 1) return name + " is given twice: give it once";
  return name + " needs a value";
}

std::string Excluded(const CLI::Option& option) {
  std::string names = option.get_name();
  for (const CLI::Option* other : option.get_excludes()) {
    if (other->count() > 0) names += " and " + other->get_name();
  }
  return names + " exclude each other: leave one of them out";
}

// "Could not convert: --fast = maybe": values of numbers are checked before, so these are flags.
std::string NotConverted(const CLI::App& command, const std::string& message) {
  constexpr std::string_view kPrefix = "Could not convert: ";
  const std::string named = message.starts_with(kPrefix) ? message.substr(kPrefix.size()) : message;
  const CLI::Option* option = OptionOf(command, named);
  if (option == nullptr) return named;
  if (option->get_items_expected_max() == 0) return option->get_name() + " takes no value";
  const auto& values = option->results();
  return absl::StrCat(option->get_name(), ": '", values.empty() ? "" : values.back(),
                      "' is not of its type, ", option->get_type_name());
}

}  // namespace

std::string ChosenCommand(const CLI::App& app) {
  std::string name = app.get_name();
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    name += " " + at->get_name();
  }
  return name;
}

std::string UsageText(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = Innermost(app);
  if (const auto left = command.remaining(); !left.empty()) return Unexpected(left.front());
  const std::string message = error.what();
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) return Missing(command);
  if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) {
    return NotConverted(command, message);
  }
  const CLI::Option* option = OptionOf(command, message);
  if (option == nullptr) return message;
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) return WrongCount(*option);
  if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) return Excluded(*option);
  return message;  // "--threads: " and what its check says
}

}  // namespace plumb::cli
