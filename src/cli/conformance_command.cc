// plumb conformance: runs the cases of ONNX's backend tests.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "cli/table.h"
#include "core/target.h"
#include "core/thread_pool.h"
#include "lab/conformance.h"

namespace plumb::cli {
namespace {

struct ConformanceCommand {
  std::vector<std::string> directories;
  bool reference = false;
  Format format = Format::kTable;
};

void PrintRow(const Row& row) { std::fputs(FormatRows({row}, Format::kJson).c_str(), stdout); }

void PrintFinding(const lab::ConformanceFinding& finding, Format format) {
  if (format == Format::kTable) {
    std::printf("%s\n", finding.Text().c_str());
    return;
  }
  Row row;
  row["result"] = finding.failed ? "failed" : "skipped";
  row["cases"] = finding.cases;
  row["reason"] = finding.reason;
  PrintRow(row);
}

void PrintCounts(const lab::ConformanceCounts& counts, Format format) {
  if (format == Format::kTable) {
    std::printf("%d passed, %d failed, %d skipped\n", counts.passed, counts.failed, counts.skipped);
    return;
  }
  Row row;
  row["passed"] = counts.passed;
  row["failed"] = counts.failed;
  row["skipped"] = counts.skipped;
  PrintRow(row);
}

Status Execute(const ConformanceCommand& command) {
  PLUMB_ASSIGN_OR_RETURN(const Target target, HostTarget());
  ThreadPool pool(target.cores);
  PLUMB_ASSIGN_OR_RETURN(
      const lab::ConformanceCounts counts,
      lab::RunConformance(
          command.directories,
          command.reference ? lab::RunOnReference() : lab::RunOnEngine(target, &pool),
          [&](const lab::ConformanceFinding& finding) { PrintFinding(finding, command.format); }));
  PrintCounts(counts, command.format);
  return counts.failed == 0 ? OkStatus()
                            : Internal(counts.failed, " of ", counts.passed + counts.failed,
                                       " conformance cases failed");
}

}  // namespace

void AddConformance(CLI::App& app, Action* action) {
  auto command = std::make_shared<ConformanceCommand>();
  CLI::App* sub = app.add_subcommand("conformance",
                                     "Every folder with model.onnx and test_data_set_* is a case");
  sub->add_option("DIR", command->directories, "folders that are searched")->required();
  sub->add_flag("--reference", command->reference,
                "run the reference interpreter instead of the engine");
  DeclareFormat(sub, &command->format);
  sub->footer("Example: plumb conformance /usr/share/libonnx-testdata/data/node");
  sub->callback([command, action] { *action = [command] { return Execute(*command); }; });
}

}  // namespace plumb::cli
