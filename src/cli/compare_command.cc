// plumb compare: what a precision costs in accuracy.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <memory>

#include "absl/strings/str_format.h"
#include "cli/auto_precision.h"
#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/number_check.h"
#include "cli/run_inputs.h"
#include "cli/table.h"
#include "lab/compare.h"

namespace plumb::cli {
namespace {

struct CompareCommand {
  ModelOptions model;
  AutoPrecision automatic;
  RunInputs inputs;
  double tolerance = 0.01;
  bool layers = false;
  Format format = Format::kTable;
};

Row ErrorRow(const char* what, const lab::TensorError& error) {
  Row row;
  row["what"] = what;
  row["name"] = error.name;
  row["node"] = error.node;
  row["relative_error"] = nullptr;  // of what is no number
  if (std::isfinite(error.relative)) row["relative_error"] = error.relative;
  return row;
}

StatusOr<lab::Comparison> Compare(const CompareCommand& command, const LoadedModel& loaded,
                                  const Graph& fp32) {
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs,
                         ReadInputs(command.inputs, command.model, loaded));
  const engine::CompileOptions& options = loaded.model->options();
  ThreadPool* const pool = loaded.pool.get();
  if (command.model.mixed != nullptr) {
    return lab::CompareMixed(fp32, *command.model.mixed, inputs, command.tolerance, options.target,
                             pool);
  }
  return lab::ComparePrecisions(fp32, inputs, options.precision, command.tolerance, options.target,
                                pool);
}

Status Execute(CompareCommand command) {
  if (command.model.precision.empty()) {
    return UsageError("expected --precision: bf16, auto, or int8 for a quantised file");
  }
  PLUMB_RETURN_IF_ERROR(CheckBeforeSearch(command.inputs, command.model));
  const std::vector<std::string> given = command.inputs.Names();
  command.automatic.calibration.mean = command.inputs.mean;
  command.automatic.calibration.deviation = command.inputs.deviation;
  command.automatic.calibration.seed = command.inputs.seed;
  PLUMB_ASSIGN_OR_RETURN(Graph fp32, LoadGraph(command.model, given));
  PLUMB_ASSIGN_OR_RETURN(std::optional<lab::Mix> mix,
                         ResolvePrecision(command.automatic, given, &command.model));
  if (mix) fp32 = std::move(mix->fp32);
  PLUMB_ASSIGN_OR_RETURN(const LoadedModel loaded, LoadModel(command.model, given));
  PLUMB_ASSIGN_OR_RETURN(const lab::Comparison comparison, Compare(command, loaded, fp32));
  std::vector<Row> rows;
  for (const lab::TensorError& error : comparison.outputs)
    rows.push_back(ErrorRow("output", error));
  if (command.layers) {
    for (const lab::TensorError& error : comparison.layers)
      rows.push_back(ErrorRow("layer", error));
  }
  if (comparison.parted && command.format == Format::kJson) {
    rows.push_back(ErrorRow("parted", *comparison.parted));
  }
  std::fputs(FormatRows(rows, command.format).c_str(), stdout);
  for (const std::string& name : comparison.not_floating) {
    std::fprintf(stderr, "plumb: output '%s' is not floating and was not compared\n", name.c_str());
  }
  if (command.format != Format::kTable) return OkStatus();
  if (!comparison.parted) {
    std::printf("\nno layer is more than %g from fp32\n", command.tolerance);
    return OkStatus();
  }
  std::printf("\nfirst layer more than %g from fp32: '%s' (%s), %.3g\n", command.tolerance,
              comparison.parted->node.c_str(), comparison.parted->name.c_str(),
              comparison.parted->relative);
  return OkStatus();
}

}  // namespace

void AddCompare(CLI::App& app, Action* action) {
  auto command = std::make_shared<CompareCommand>();
  CLI::App* sub = app.add_subcommand(
      "compare", "The error of a precision against fp32, and the first layer where they part");
  command->model.Declare(sub);
  command->automatic.Declare(sub);
  sub->get_option("--precision")
      ->description(
          "bf16, int8 for a quantised file, or auto: the fastest mix below --max-error; "
          "required");
  command->inputs.Declare(sub);
  sub->add_option("--tolerance", command->tolerance,
                  "relative error above which a layer has parted (default 0.01)")
      ->check(NumberBetween(0, 1e6));
  sub->add_flag("--layers", command->layers, "a row for every layer too");
  DeclareFormat(sub, &command->format);
  sub->footer(
      "Relative error: max |narrow - fp32| / max |fp32|. Inputs that are not given are seeded "
      "normal\n"
      "numbers.\n"
      "Example: plumb compare resnet50.onnx --precision bf16\n"
      "         plumb compare resnet50_int8.onnx --precision int8 --input data=cat.npy --layers");
  sub->callback([command, action] { *action = [command] { return Execute(*command); }; });
}

}  // namespace plumb::cli
