// plumb quantize: a float model to a QDQ file of 8-bit integers.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "cli/auto_precision.h"
#include "cli/calibration.h"
#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/number_check.h"
#include "cli/table.h"
#include "lab/quantize.h"
#include "onnx/export.h"

namespace plumb::cli {
namespace {

struct QuantizeCommand {
  ModelOptions model;
  AutoPrecision automatic;
  engine::QuantizeOptions options;
  std::string method = "minmax";
  std::optional<double> percentile;
  std::string activations = "uint8";
  bool per_tensor = false;
  bool keep_biases = false;
  bool worst_first = false;
  std::string output;
  Format format = Format::kTable;
};

Row ErrorRow(const lab::QuantizationError& error, bool output) {
  Row row;
  row["what"] = output ? "output" : "layer";
  row["name"] = error.value;
  row["node"] = error.node;
  row["operator"] = error.op.empty() ? "-" : error.op;
  row["relative_error"] = nullptr;  // of what is no number, or cannot be compared
  row["sqnr_db"] = nullptr;
  if (!error.comparable) return row;
  if (std::isfinite(error.relative)) row["relative_error"] = error.relative;
  if (std::isfinite(error.sqnr_db)) row["sqnr_db"] = error.sqnr_db;
  return row;
}

// Nothing that is read is written over.
Status CheckOutput(const QuantizeCommand& command, const std::vector<SourceFile>& files) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::is_directory(command.output, error)) {
    return InvalidArgument("cannot write '", command.output, "': it is a folder, expected a file");
  }
  const auto refused = [&](const std::string& what) {
    return UsageError("--output '" + command.output + "' is " + what + ": expected another file");
  };
  if (fs::equivalent(command.model.path, command.output, error)) return refused("MODEL itself");
  for (const SourceFile& file : files) {
    if (fs::equivalent(file.path, command.output, error)) return refused("read by MODEL");
  }
  for (const std::string& path : command.automatic.calibration.paths) {
    const bool inside =
        fs::exists(command.output, error) &&
        fs::equivalent(path, fs::absolute(command.output, error).parent_path(), error);
    if (inside || fs::equivalent(path, command.output, error)) return refused("a sample");
  }
  const std::filesystem::path folder = std::filesystem::path(command.output).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder, error)) {
    return NotFound("cannot write '", command.output, "': no folder '", folder.string(), "'");
  }
  return OkStatus();
}

Status WriteModel(const QuantizeCommand& command, const Graph& graph,
                  const std::vector<Row>& rows) {
  PLUMB_RETURN_IF_ERROR(onnx::ExportFile(graph, command.output));
  std::fputs(FormatRows(rows, command.format).c_str(), stdout);
  if (command.format == Format::kTable) std::printf("\nwritten to %s\n", command.output.c_str());
  return OkStatus();
}

Row CandidateRow(const lab::MixCandidate& candidate, bool chosen) {
  Row row;
  row["model"] = candidate.name;
  row["median_ms"] = candidate.ms;
  row["relative_error"] = nullptr;
  if (std::isfinite(candidate.error)) row["relative_error"] = candidate.error;
  row["chosen"] = chosen;
  return row;
}

Row LayerRow(const lab::MixedLayer& layer) {
  Row row;
  row["node"] = layer.node;
  row["operator"] = layer.op;
  row["precision"] = PrecisionName(layer.precision);
  for (const DType type : {DType::kFloat32, DType::kBFloat16, DType::kInt8}) {
    const std::string column = PrecisionName(type) + "_ms";
    row[column] = nullptr;
    if (layer.form(type).possible) row[column] = layer.form(type).ms;
  }
  row["why"] = layer.why;
  return row;
}

Status MixAndWrite(const QuantizeCommand& command, const Graph& graph) {
  AutoPrecision automatic = command.automatic;
  automatic.quantize = command.options;
  PLUMB_ASSIGN_OR_RETURN(const lab::Mix mix, FindMix(automatic, command.model, graph));
  std::vector<Row> rows, layers;
  for (std::size_t i = 0; i < mix.candidates.size(); ++i) {
    rows.push_back(CandidateRow(mix.candidates[i], i == mix.chosen));
  }
  for (const lab::MixedLayer& layer : mix.layers) layers.push_back(LayerRow(layer));
  std::fputs(FormatRows(rows, command.format).c_str(), stdout);
  if (command.format == Format::kTable) std::fputs("\n", stdout);
  return WriteModel(command, mix.graph, layers);
}

Status QuantizeAndWrite(const QuantizeCommand& command, const Graph& graph) {
  PLUMB_ASSIGN_OR_RETURN(const Target target, HostTarget());
  PLUMB_ASSIGN_OR_RETURN(
      const lab::CalibrationSamples samples,
      OpenCalibration(command.automatic.calibration, command.model, graph, target));
  ThreadPool pool(command.model.threads > 0 ? command.model.threads : target.cores);
  StatusOr<lab::Quantization> made =
      lab::Quantize(graph, command.options, {samples, target, &pool, ShowCalibration});
  if (!made.ok()) {
    return Annotate(made.status(), absl::StrCat("model '", command.model.path, "'"));
  }
  if (command.worst_first) {
    std::ranges::stable_sort(made->layers, {}, &lab::QuantizationError::sqnr_db);
  }
  std::vector<Row> rows;
  for (const auto& error : made->layers) rows.push_back(ErrorRow(error, false));
  for (const auto& error : made->outputs) rows.push_back(ErrorRow(error, true));
  return WriteModel(command, made->graph, rows);
}

Status Execute(QuantizeCommand command) {
  engine::QuantizeOptions& options = command.options;
  options.ranges.method = command.method == "minmax"       ? engine::RangeMethod::kMinMax
                          : command.method == "percentile" ? engine::RangeMethod::kPercentile
                                                           : engine::RangeMethod::kEntropy;
  options.activations = command.activations == "int8" ? DType::kInt8 : DType::kUInt8;
  options.per_channel = !command.per_tensor;
  options.correct_bias = !command.keep_biases;
  if (command.percentile && command.method != "percentile") {
    return UsageError("--percentile is of --method percentile: ask for that, or leave it out");
  }
  options.ranges.percentile = command.percentile.value_or(options.ranges.percentile);
  const bool mixed = command.model.precision == "auto";
  if (!mixed && command.automatic.max_error) return ForAutoOnly("--max-error");
  if (mixed && command.worst_first) {
    return UsageError(
        "--worst-first sorts errors of layers, which --precision auto does not list: leave it out");
  }
  std::vector<SourceFile> files;
  PLUMB_ASSIGN_OR_RETURN(const Graph graph, LoadGraph(command.model, {}, &files));
  PLUMB_RETURN_IF_ERROR(CheckOutput(command, files));
  return mixed ? MixAndWrite(command, graph) : QuantizeAndWrite(command, graph);
}

void DeclareChoice(CLI::App* sub, const char* name, std::string* value, const char* help,
                   const std::vector<std::string>& choices) {
  std::string type;
  for (const std::string& choice : choices) type += (type.empty() ? "" : "|") + choice;
  const auto read = [name, value, choices, type](const std::string& text) {
    if (std::ranges::find(choices, text) == choices.end()) {
      throw CLI::ValidationError(name, "expected " + type + ", got '" + text + "'");
    }
    *value = text;
  };
  sub->add_option_function<std::string>(name, read, help)->type_name(type);
}

}  // namespace

void AddQuantize(CLI::App& app, Action* action) {
  auto command = std::make_shared<QuantizeCommand>();
  CLI::App* sub = app.add_subcommand(
      "quantize", "A float model to a file of 8-bit integers, or of a mix of precisions");
  command->model.DeclareModel(sub);
  sub->add_option("--output", command->output, "the ONNX file to write")->required();
  command->automatic.calibration.Declare(sub);
  DeclareChoice(sub, "--precision", &command->model.precision,
                "int8: every layer that can be (default); auto: the fastest mix of int8, bf16 and "
                "f32 whose error stays below --max-error",
                {"int8", "auto"});
  command->automatic.DeclareMaxError(sub);
  DeclareChoice(sub, "--method", &command->method,
                "what of the activations is kept: all (default), magnitudes up to a percentile, or "
                "up to the threshold of least entropy",
                {"minmax", "percentile", "entropy"});
  sub->add_option("--percentile", command->percentile, "of --method percentile (default 99.99)")
      ->check(NumberBetween(50, 100));
  DeclareChoice(sub, "--activations", &command->activations, "type of activations (default uint8)",
                {"uint8", "int8"});
  sub->add_flag("--symmetric", command->options.symmetric,
                "activations have their zero in the middle of the integers");
  sub->add_flag("--per-tensor", command->per_tensor,
                "one scale for each weight instead of one for each output channel");
  sub->add_flag("--no-bias-correction", command->keep_biases,
                "leave the shift of the mean that rounded weights make");
  sub->add_option("--exclude", command->options.exclude, "names of nodes that stay in floats");
  sub->add_option("--operators", command->options.operators,
                  "quantise only these, such as Conv Gemm (default: all that gain by it)");
  sub->add_flag("--worst-first", command->worst_first, "layers in order of their error");
  DeclareFormat(sub, &command->format);
  sub->footer(
      "Relative error: max |quantised - float| / max |float| over all samples; SQNR: the power of "
      "the\n"
      "float values over that of the error, in decibels. Both compare the whole quantised model "
      "with\n"
      "the float one, so a layer's figure holds what those before it lost.\n"
      "Example: plumb quantize resnet50.onnx --calibration images/ --output resnet50_int8.onnx\n"
      "         plumb quantize net.onnx --samples 8 --method entropy --output net_int8.onnx\n"
      "         plumb quantize net.onnx --samples 8 --precision auto --max-error 0.005 --output "
      "mixed.onnx");
  sub->callback([command, action] { *action = [command] { return Execute(*command); }; });
}

}  // namespace plumb::cli
