// plumb inspect: what a model is and how it is planned; with --cpu, what this machine can do.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/inspect.h"

namespace plumb::cli {
namespace {

struct InspectCommand {
  ModelOptions model;
  bool cpu = false;
  std::string not_for_cpu;  // the first option that --cpu has no use for
  Format format = Format::kTable;
};

Status Execute(const InspectCommand& command) {
  if (!command.not_for_cpu.empty()) {
    return UsageError("--cpu measures this machine, " + command.not_for_cpu +
                      " is not for it: leave one of them out");
  }
  if (command.cpu) return InspectCpu(command.format);
  if (command.model.path.empty()) return UsageError("expected MODEL, or --cpu for this machine");
  return InspectModel(command.model, command.format);
}

}  // namespace

void AddInspect(CLI::App& app, Action* action) {
  auto command = std::make_shared<InspectCommand>();
  CLI::App* sub = app.add_subcommand(
      "inspect", "A model's inputs, operators, plan and memory; --cpu: the machine's ceilings");
  command->model.Declare(sub);
  sub->get_option("MODEL")->required(false);
  command->model.DeclareBatch(sub);
  sub->add_flag("--cpu", command->cpu, "measure this machine instead (a few seconds)");
  DeclareFormat(sub, &command->format);
  sub->footer(
      "Example: plumb inspect shufflenet.onnx\n"
      "         plumb inspect --cpu --format json");
  sub->callback([command, action, sub] {
    for (const CLI::Option* option : sub->get_options()) {
      const std::string name = option->get_name();
      if (command->cpu && command->not_for_cpu.empty() && option->count() > 0 && name != "--cpu" &&
          name != "--format") {
        command->not_for_cpu = name;
      }
    }
    *action = [command] { return Execute(*command); };
  });
}

}  // namespace plumb::cli
