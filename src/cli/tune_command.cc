// plumb tune: measures kernels for the next runs of a model.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "cli/table.h"
#include "cli/tuning.h"

namespace plumb::cli {
namespace {

struct TuneCommand {
  ModelOptions model;
  bool again = false;
  Format format = Format::kTable;
};

Row RowOf(const engine::TunedNode& node) {
  Row row;
  row["node"] = node.node;
  row["operator"] = node.op;
  row["kernel"] = node.kernel.name;
  row["ms"] = node.kernel.seconds * 1e3;
  row["next"] = node.kernel.next;
  row["next_ms"] = nullptr;
  if (!node.kernel.next.empty()) row["next_ms"] = node.kernel.next_seconds * 1e3;
  row["predicted"] = nullptr;
  row["predicted_ms"] = nullptr;
  if (!node.known) row["predicted"] = node.before;
  if (!node.known && node.before_seconds > 0) row["predicted_ms"] = node.before_seconds * 1e3;
  return row;
}

Status Execute(const TuneCommand& command) {
  PLUMB_ASSIGN_OR_RETURN(const Tuned tuned, TuneKernels(
                                                command.model, {},
                                                [&](const LoadedModel& loaded) {
                                                  return command.model.InputShapes(loaded.graph());
                                                },
                                                command.again));
  std::vector<Row> rows;
  std::size_t measured = 0, changed = 0;
  for (const engine::TunedNode& node : tuned.nodes) {
    rows.push_back(RowOf(node));
    measured += node.known ? 0 : 1;
    changed += !node.known && node.before != node.kernel.name ? 1 : 0;
  }
  std::fputs(FormatRows(rows, command.format).c_str(), stdout);
  if (command.format == Format::kTable) {
    std::printf("\n%zu problems: %zu measured, of which %zu have another kernel than predicted\n",
                rows.size(), measured, changed);
  }
  return tuned.saved;
}

}  // namespace

void AddTune(CLI::App& app, Action* action) {
  auto command = std::make_shared<TuneCommand>();
  CLI::App* sub =
      app.add_subcommand("tune", "Measures kernels, for all later runs on this processor");
  command->model.Declare(sub);
  command->model.DeclareBatch(sub);
  sub->add_flag("--again", command->again, "measure what is known too");
  DeclareFormat(sub, &command->format);
  sub->footer(
      "Times are of one call on one thread. What is found is kept in the folder of caches\n"
      "($XDG_CACHE_HOME/plumbline/tuning) and used whenever a model with the same problem is "
      "compiled.\n"
      "Example: plumb tune resnet50.onnx --batch 8");
  sub->callback([command, action] { *action = [command] { return Execute(*command); }; });
}

}  // namespace plumb::cli
