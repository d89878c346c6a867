// plumb compile: a self-contained library of a model, beside the interpreter that it replaces.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/number_check.h"
#include "cli/table.h"
#include "engine/library/compile_library.h"
#include "lab/compiled.h"

namespace plumb::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kStarts = 5;

struct CompileCommand {
  ModelOptions model;
  engine::LibraryOptions library;
  double seconds = 2;
  Format format = Format::kTable;
};

std::int64_t FileBytes(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(path, error);
  return error ? 0 : static_cast<std::int64_t>(bytes);
}

// One run of the same model by this program, in a process of its own.
std::vector<std::string> InterpreterCommand(const CompileCommand& command, const Graph& graph,
                                            const std::vector<Shape>& shapes) {
  std::vector<std::string> words = {"/proc/self/exe", "run", command.model.path, "--threads", "1"};
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    words.insert(words.end(),
                 {"--shape", graph.value(graph.inputs()[i]).name + "=" + shapes[i].ToString()});
  }
  if (!command.model.precision.empty()) {
    words.insert(words.end(), {"--precision", command.model.precision});
  }
  return words;
}

Row ExecutionRow(const char* execution, std::int64_t bytes, double start_ms, double latency_ms) {
  Row row;
  row["execution"] = execution;
  row["size_mb"] = static_cast<double>(bytes) / (1 << 20);
  row["start_ms"] = start_ms;
  row["latency_ms"] = latency_ms;
  return row;
}

Status Execute(const CompileCommand& command) {
  if (command.model.threads > 1) {
    return UsageError("--threads " + std::to_string(command.model.threads) +
                      ": a compiled library runs on one thread; call it from several instead");
  }
  ModelOptions options = command.model;
  options.threads = 1;
  PLUMB_ASSIGN_OR_RETURN(LoadedModel loaded, LoadModel(options));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, options.InputShapes(loaded.graph()));
  engine::LibraryOptions library = command.library;
  if (library.name.empty()) {
    library.name = engine::LibraryName(fs::path(options.path).stem().string());
  } else if (library.name != engine::LibraryName(library.name)) {
    return UsageError("--name " + library.name +
                      ": expected letters, digits and single '_', a letter first");
  }
  PLUMB_ASSIGN_OR_RETURN(const engine::LibraryFiles files,
                         engine::CompileLibrary(*loaded.session, shapes, library));
  // First in a process of its own: a library that ends it does not end this one.
  PLUMB_ASSIGN_OR_RETURN(const double compiled_start, lab::ProcessMs({files.example}, kStarts));
  PLUMB_ASSIGN_OR_RETURN(
      const lab::CompiledLatency latency,
      lab::CompareCompiled(*loaded.session, shapes, files.library, library.name, command.seconds));
  PLUMB_ASSIGN_OR_RETURN(
      const double interpreted_start,
      lab::ProcessMs(InterpreterCommand(command, loaded.graph(), shapes), kStarts));
  const std::int64_t interpreter_bytes = FileBytes("/proc/self/exe") + FileBytes(options.path);
  std::fputs(FormatRows({ExecutionRow("interpreted", interpreter_bytes, interpreted_start,
                                      latency.interpreted_ms),
                         ExecutionRow("compiled", FileBytes(files.library), compiled_start,
                                      latency.compiled_ms)},
                        command.format)
                 .c_str(),
             stdout);
  if (!latency.different.empty()) {
    std::error_code ignored;
    fs::remove(files.library, ignored);
    fs::remove(files.example, ignored);
    return Internal("output '", latency.different[0],
                    "' of the library is not the interpreter's, bit for bit: it was removed");
  }
  if (command.format == Format::kTable) {
    std::printf("\n%s: every output is the interpreter's bit for bit (%d runs of each)\n",
                files.library.c_str(), latency.runs);
  }
  return OkStatus();
}

}  // namespace

void AddCompile(CLI::App& app, Action* action) {
  auto command = std::make_shared<CompileCommand>();
  if (const char* compiler = std::getenv("CXX"); compiler != nullptr && *compiler != '\0') {
    command->library.compiler = compiler;
  }
  CLI::App* sub = app.add_subcommand(
      "compile", "Writes a library of one model: its kernels and weights, no interpreter");
  command->model.Declare(sub);
  command->model.DeclareBatch(sub);
  sub->get_option("--threads")->description("1: a library runs on the thread that calls it");
  sub->add_option("--output", command->library.folder,
                  "folder for NAME.h, libNAME.so, its source, an example and a README")
      ->required();
  sub->add_option("--name", command->library.name,
                  "of the library and its functions (default: the file's)");
  sub->add_option("--seconds", command->seconds,
                  "how long both executions are timed in turns, at most (default 2)")
      ->check(NumberBetween(0, 3600));
  DeclareFormat(sub, &command->format);
  sub->footer(
      "The table holds both executions against each other: bytes of the program and the model's "
      "file\nagainst those of the library; start, the time that a new process takes for one run "
      "(plumb run\nagainst DIR/main); and latency, medians of runs in turns, on one thread.\n"
      "Example: plumb compile resnet50.onnx --output resnet50 && resnet50/main");
  sub->callback([command, action] { *action = [command] { return Execute(*command); }; });
}

}  // namespace plumb::cli
