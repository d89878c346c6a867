// plumb conformance: runs the cases of ONNX's backend tests.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "core/target.h"
#include "core/thread_pool.h"
#include "engine/session.h"
#include "lab/conformance.h"
#include "ops/interpreter.h"

namespace plumb::cli {
namespace {

struct ConformanceCommand {
  std::vector<std::string> directories;
  bool reference = false;
};

Status Execute(const ConformanceCommand& command) {
  PLUMB_ASSIGN_OR_RETURN(const Target target, HostTarget());
  ThreadPool pool(target.cores);
  const lab::RunModel reference = [](const Graph& graph, const std::vector<Tensor>& inputs) {
    return ops::Interpret(graph, inputs);
  };
  const lab::RunModel engine =
      [&](const Graph& graph, const std::vector<Tensor>& inputs) -> StatusOr<std::vector<Tensor>> {
    engine::CompileOptions options;
    options.target = target;
    PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<engine::Model> model,
                           engine::Model::Compile(graph.Clone(), options));
    engine::Session session(std::move(model), &pool);
    return session.Run(inputs);
  };
  PLUMB_ASSIGN_OR_RETURN(
      const lab::ConformanceCounts counts,
      lab::RunConformance(command.directories, command.reference ? reference : engine,
                          [](const std::string& line) { std::printf("%s\n", line.c_str()); }));
  std::printf("%d passed, %d failed, %d skipped\n", counts.passed, counts.failed, counts.skipped);
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
  sub->footer("Example: plumb conformance /usr/share/libonnx-testdata/data/node");
  sub->callback([command, action] { *action = [command] { return Execute(*command); }; });
}

}  // namespace plumb::cli
