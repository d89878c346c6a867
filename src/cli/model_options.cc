#include "cli/model_options.h"

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/number_check.h"
#include "lab/compare.h"
#include "onnx/import.h"
#include "ops/ops.h"

namespace plumb::cli {

void ModelOptions::DeclareModel(CLI::App* command) {
  command->add_option("MODEL", path, "ONNX file")->required();
  command->add_option("--shape", shapes, "NAME=1x3x224x224: sizes that the file leaves open")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--threads", threads, "threads to use (default: all cores)")
      ->check(WholeNumber(1, 1024));
}

void ModelOptions::Declare(CLI::App* command) {
  DeclareModel(command);
  command->add_option("--precision", precision, "f32, bf16 or int8 (default: what the file says)");
}

void ModelOptions::DeclareBatch(CLI::App* command) {
  command->add_option("--batch", batch, "size of a symbolic first dimension (default 1)")
      ->check(WholeNumber(1, 1 << 20));
}

void ModelOptions::DeclareTune(CLI::App* command) {
  command->add_flag("--tune", tune,
                    "first measure the kernels that were not measured on this processor before");
}

void ModelOptions::DeclareCache(CLI::App* command) {
  CLI::Option* flag = command->add_flag(
      "--cache", cache, "keep the compiled model in the folder of caches, and start from it");
  command
      ->add_option("--cache-limit", cache_limit_mib,
                   "MiB that compiled models may take there together (default 8192)")
      ->check(WholeNumber(1, 1 << 30))
      ->needs(flag);
}

namespace {

// The type of the products; undefined: what the file says.
StatusOr<DType> ParsePrecision(const std::string& precision) {
  if (precision.empty()) return DType::kUndefined;
  if (precision == "f32" || precision == "fp32") return DType::kFloat32;
  if (precision == "bf16") return DType::kBFloat16;
  if (precision == "int8") return DType::kInt8;
  if (precision == "auto") {
    return UsageError(
        "--precision auto is for run, bench, compare and quantize: `plumb quantize --precision "
        "auto` writes a file that every command takes as it is");
  }
  return UsageError("--precision " + precision + " is unknown: expected f32, bf16, int8 or auto");
}

}  // namespace

StatusOr<Graph> LoadGraph(const ModelOptions& options, const std::vector<std::string>& given,
                          std::vector<SourceFile>* files) {
  onnx::ImportOptions import{.given_defaults = given, .files = files};
  PLUMB_ASSIGN_OR_RETURN(const lab::NamedShapes shapes, options.NamedShapes());
  for (const auto& [name, shape] : shapes) import.given_defaults.push_back(name);
  return onnx::ImportFile(options.path, ops::AllOps(), import);
}

namespace {

StatusOr<std::shared_ptr<engine::Model>> CompileModel(const ModelOptions& options,
                                                      const std::vector<std::string>& given,
                                                      const engine::CompileOptions& compile,
                                                      std::vector<SourceFile>* files) {
  Graph graph;
  if (options.mixed != nullptr) {
    graph = options.mixed->Clone();
  } else {
    PLUMB_ASSIGN_OR_RETURN(graph, LoadGraph(options, given, files));
  }
  if (compile.precision == DType::kInt8 && !lab::IsQuantised(graph)) {
    return UsageError(
        "--precision int8 needs a quantised file: `plumb quantize` makes one of a float file");
  }
  StatusOr<std::shared_ptr<engine::Model>> model =
      engine::Model::Compile(std::move(graph), compile);
  if (model.ok()) return model;
  return Annotate(model.status(), absl::StrCat("model '", options.path, "'"));
}

}  // namespace

StatusOr<LoadedModel> LoadModel(const ModelOptions& options, const std::vector<std::string>& given,
                                std::shared_ptr<engine::TuningDatabase> tuning) {
  LoadedModel loaded;
  engine::CompileOptions compile;
  if (options.mixed == nullptr) {
    PLUMB_ASSIGN_OR_RETURN(compile.precision, ParsePrecision(options.precision));
  }
  PLUMB_ASSIGN_OR_RETURN(compile.target, HostTarget());
  loaded.tuning = tuning ? std::move(tuning) : engine::TuningDatabase::Open(compile.target);
  compile.tuning = loaded.tuning;
  // Kernels have memory for as many threads as the target has cores.
  if (options.threads > 0) compile.target.cores = options.threads;
  loaded.pool = std::make_unique<ThreadPool>(compile.target.cores);
  if (options.cache) {
    loaded.kept = std::make_unique<KeptModel>(options, given);
    loaded.model = loaded.kept->Load(compile, loaded.pool.get());
  }
  if (loaded.model == nullptr) {
    std::vector<SourceFile>* files = loaded.kept != nullptr ? loaded.kept->sources() : nullptr;
    PLUMB_ASSIGN_OR_RETURN(loaded.model, CompileModel(options, given, compile, files));
  }
  loaded.session = std::make_unique<engine::Session>(loaded.model, loaded.pool.get());
  return loaded;
}

StatusOr<lab::NamedShapes> ModelOptions::NamedShapes() const {
  lab::NamedShapes named;
  for (const std::string& text : shapes) {
    const std::size_t equals = text.rfind('=');
    if (equals == std::string::npos) {
      return UsageError("--shape " + text + ": expected NAME=1x3x224x224");
    }
    const std::string name = text.substr(0, equals);
    const StatusOr<Shape> shape = lab::ParseShape(text.substr(equals + 1));
    if (!shape.ok()) return UsageError("--shape: " + std::string(shape.status().message()));
    if (!named.emplace(name, *shape).second) {
      return UsageError("--shape: '" + name + "' is given twice: give its sizes once");
    }
  }
  return named;
}

StatusOr<std::vector<Shape>> ModelOptions::InputShapes(const Graph& graph) const {
  PLUMB_ASSIGN_OR_RETURN(const lab::NamedShapes named, NamedShapes());
  PLUMB_ASSIGN_OR_RETURN(std::vector<Shape> bound, BindShapes(graph, named, batch.value_or(1)));
  if (!batch) return bound;
  const std::optional<std::int64_t> open = lab::OpenBatchOf(graph, bound);
  if (open && *open != *batch) {
    return UsageError(absl::StrCat("--batch ", *batch, ": --shape sets a batch of ", *open,
                                   "; leave one of them out"));
  }
  if (!open && *batch != 1 && *batch != lab::BatchOf(graph, bound)) {
    return UsageError(absl::StrCat(
        "--batch ", *batch, ": the model leaves no first dimension open; leave --batch out"));
  }
  return bound;
}

StatusOr<std::vector<Shape>> BindShapes(const Graph& graph, const lab::NamedShapes& given,
                                        std::int64_t batch) {
  StatusOr<std::vector<Shape>> bound = lab::BindInputShapes(graph, given, batch);
  if (bound.ok()) return bound;
  return UsageError("--shape: " + std::string(bound.status().message()));
}

}  // namespace plumb::cli
