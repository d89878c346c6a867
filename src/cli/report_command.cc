// plumb report: a page from record files.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "core/file_io.h"
#include "measure/report.h"
#include "measure/run_file.h"

namespace plumb::cli {
namespace {

struct ReportCommand {
  std::vector<std::string> files;
  std::string output, title;
};

Status Execute(const ReportCommand& command) {
  std::string lines, name;
  for (const std::string& path : command.files) {
    PLUMB_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
    PLUMB_ASSIGN_OR_RETURN(const std::vector<measure::Run> runs, measure::ReadRuns(text, path));
    if (name.empty()) name = runs[0].graph ? runs[0].graph->name : runs[0].header.id;
    lines += text;
    if (!lines.empty() && lines.back() != '\n') lines += '\n';
  }
  const std::string title = command.title.empty() ? name + " - Plumbline" : command.title;
  PLUMB_RETURN_IF_ERROR(measure::WriteReport(command.output, title, lines));
  std::printf("%s\n", command.output.c_str());
  return OkStatus();
}

}  // namespace

void AddReport(CLI::App& app, Action* action) {
  auto command = std::make_shared<ReportCommand>();
  CLI::App* sub = app.add_subcommand("report", "A page from record files; several are compared");
  sub->add_option("FILE", command->files, "record files (*.jsonl)")->required();
  sub->add_option("--output", command->output, "the page that is written")->required();
  sub->add_option("--title", command->title, "title of the page");
  sub->footer("Example: plumb report out/faces/records.jsonl --output faces.html");
  sub->callback([command, action] { *action = [command] { return Execute(*command); }; });
}

}  // namespace plumb::cli
