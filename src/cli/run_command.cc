// plumb run: one inference.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

#include "cli/auto_precision.h"
#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/run_inputs.h"
#include "cli/table.h"
#include "cli/tensor_files.h"
#include "cli/tuning.h"
#include "core/file_io.h"

namespace plumb::cli {
namespace {

struct RunCommand {
  ModelOptions model;
  AutoPrecision automatic;
  RunInputs inputs;
  std::string labels;
  std::string output;
  Format format = Format::kTable;
};

StatusOr<std::vector<std::string>> ReadLabels(const std::string& path) {
  std::vector<std::string> labels;
  if (path.empty()) return labels;
  PLUMB_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    labels.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return labels;
}

Status PrintLabels(const RunCommand& command, const std::vector<std::string>& labels,
                   const Tensor& scores) {
  const DType type = scores.dtype();
  if (type == DType::kString || type == DType::kInt4 || type == DType::kUInt4) {
    return UsageError("--labels: the first output is of type " + Str(DTypeName(type)) +
                      ", expected numbers of a byte or more");
  }
  const std::vector<double> values = ToDoubles(scores);
  if (labels.size() != values.size()) {
    return InvalidArgument("'", command.labels, "' has ", labels.size(),
                           " lines, the first output has ", values.size(),
                           " elements: expected a label for each");
  }
  std::vector<Row> rows;
  std::vector<std::size_t> order(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const std::size_t top = std::min<std::size_t>(5, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(),
                    [&](std::size_t a, std::size_t b) { return values[a] > values[b]; });
  for (std::size_t k = 0; k < top; ++k) {
    const std::size_t index = order[k];
    Row row;
    row["label"] = labels[index];
    row["score"] = values[index];
    rows.push_back(std::move(row));
  }
  std::fputs(FormatRows(rows, command.format).c_str(), stdout);
  return OkStatus();
}

// Strings say more than their digest.
void PrintStrings(const std::string& name, const Tensor& tensor) {
  constexpr std::size_t kMost = 20;
  const auto strings = tensor.data<std::string>();
  const std::size_t shown = std::min(strings.size(), kMost);
  std::printf("\n%s:", name.c_str());
  for (const std::string& text : strings.first(shown)) {
    std::printf(" %s", Row(text).dump(-1, ' ', false, Row::error_handler_t::replace).c_str());
  }
  if (shown < strings.size()) {
    std::printf(" and %zu more; --format json and --output have all", strings.size() - shown);
  }
  std::printf("\n");
}

// Writes NAME.npy or NAME.json for each output; no two of them share a file.
Status WriteOutputs(const std::string& folder, const Graph& graph,
                    const std::vector<Tensor>& outputs) {
  std::set<std::string> written;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::string& name = graph.value(graph.outputs()[i]).name;
    const std::string file = OutputFile(folder, name, outputs[i].dtype());
    if (!written.insert(file).second) {
      return InvalidArgument("output '", name, "' and another would both be written to '", file,
                             "': rename one of them in the model");
    }
    PLUMB_RETURN_IF_ERROR(WriteTensor(file, outputs[i]));
  }
  return OkStatus();
}

Row OutputRow(const std::string& name, const Tensor& output, Format format) {
  Row row;
  row["output"] = name;
  row["type"] = std::string(DTypeName(output.dtype()));
  row["shape"] = output.shape().ToString();
  row["digest"] = TensorDigest(output);
  if (format == Format::kJson && output.dtype() == DType::kString) {
    row["strings"] = Row::array();
    for (const std::string& text : output.data<std::string>()) row["strings"].push_back(text);
  }
  return row;
}

StatusOr<std::shared_ptr<engine::TuningDatabase>> TuneFor(const RunCommand& command) {
  const auto shapes_of = [&](const LoadedModel& loaded) -> StatusOr<std::vector<Shape>> {
    PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs,
                           ReadInputs(command.inputs, command.model, loaded));
    std::vector<Shape> shapes;
    for (const Tensor& input : inputs) shapes.push_back(input.shape());
    return shapes;
  };
  PLUMB_ASSIGN_OR_RETURN(const Tuned tuned,
                         TuneKernels(command.model, command.inputs.Names(), shapes_of));
  WarnUnsaved(tuned);
  return tuned.database;
}

Status Execute(RunCommand command) {
  PLUMB_ASSIGN_OR_RETURN(const std::vector<std::string> labels, ReadLabels(command.labels));
  if (!command.output.empty()) PLUMB_RETURN_IF_ERROR(MakeDirectories(command.output));
  PLUMB_RETURN_IF_ERROR(CheckBeforeSearch(command.inputs, command.model));
  command.automatic.calibration.mean = command.inputs.mean;
  command.automatic.calibration.deviation = command.inputs.deviation;
  command.automatic.calibration.seed = command.inputs.seed;
  PLUMB_RETURN_IF_ERROR(
      ResolvePrecision(command.automatic, command.inputs.Names(), &command.model).status());
  std::shared_ptr<engine::TuningDatabase> tuning;
  if (command.model.tune) {
    PLUMB_ASSIGN_OR_RETURN(tuning, TuneFor(command));
  }
  PLUMB_ASSIGN_OR_RETURN(LoadedModel loaded,
                         LoadModel(command.model, command.inputs.Names(), tuning));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs,
                         ReadInputs(command.inputs, command.model, loaded));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, loaded.session->Run(inputs));
  KeepCompiled(loaded);
  const Graph& graph = loaded.graph();
  if (!command.output.empty()) {
    PLUMB_RETURN_IF_ERROR(WriteOutputs(command.output, graph, outputs));
  }
  const auto name = [&](std::size_t i) { return graph.value(graph.outputs()[i]).name; };
  std::vector<Row> rows;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    rows.push_back(OutputRow(name(i), outputs[i], command.format));
  }
  std::fputs(FormatRows(rows, command.format).c_str(), stdout);
  for (std::size_t i = 0; i < outputs.size() && command.format == Format::kTable; ++i) {
    if (outputs[i].dtype() == DType::kString) PrintStrings(name(i), outputs[i]);
  }
  if (!command.labels.empty() && !outputs.empty()) return PrintLabels(command, labels, outputs[0]);
  return OkStatus();
}

}  // namespace

void AddRun(CLI::App& app, Action* action) {
  auto command = std::make_shared<RunCommand>();
  CLI::App* sub = app.add_subcommand("run", "One inference: prints and writes the outputs");
  command->model.Declare(sub);
  command->model.DeclareTune(sub);
  command->automatic.Declare(sub);
  command->model.DeclareCache(sub);
  command->inputs.Declare(sub);
  sub->add_option("--labels", command->labels,
                  "names of the classes, one per line: prints the top 5");
  sub->add_option("--output", command->output,
                  "folder for NAME.npy of every output, NAME.json where it is strings");
  DeclareFormat(sub, &command->format);
  sub->footer(
      "Example: plumb run resnet50.onnx --image cat.jpg --labels imagenet.txt\n"
      "         plumb run resnet50.onnx --input input=cat.npy --output out");
  sub->callback([command, action] { *action = [command] { return Execute(*command); }; });
}

}  // namespace plumb::cli
