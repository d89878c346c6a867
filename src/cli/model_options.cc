#include "cli/model_options.h"

#include <CLI/CLI.hpp>

#include <charconv>

#include "cli/command.h"
#include "core/random.h"
#include "onnx/import.h"
#include "ops/ops.h"

namespace plumb::cli {

void ModelOptions::Declare(CLI::App* command) {
  command->add_option("MODEL", path, "ONNX file")->required();
  command->add_option("--shape", shapes, "NAME=1x3x224x224: sizes that the file leaves open")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--threads", threads, "threads to use (default: all cores)")
      ->check(CLI::Range(1, 1024));
  command->add_option("--precision", precision,
                      "f32, bf16, int8 or auto (default: what the file says)");
}

namespace {

// The type of the products; undefined: what the file says.
StatusOr<DType> ParsePrecision(const std::string& precision) {
  if (precision.empty() || precision == "f32" || precision == "fp32") return DType::kUndefined;
  if (precision == "bf16") return DType::kBFloat16;
  if (precision == "int8") {
    return UsageError(
        "--precision int8 needs a quantised file: `plumb quantize` makes one, and it "
        "is not part of this version");
  }
  if (precision == "auto") {
    return UsageError(
        "--precision auto is not built in this version; f32, bf16 and what the file "
        "says are");
  }
  return UsageError("--precision " + precision + " is unknown: expected f32, bf16, int8 or auto");
}

}  // namespace

StatusOr<LoadedModel> LoadModel(const ModelOptions& options) {
  LoadedModel loaded;
  engine::CompileOptions compile;
  PLUMB_ASSIGN_OR_RETURN(compile.precision, ParsePrecision(options.precision));
  PLUMB_ASSIGN_OR_RETURN(compile.target, HostTarget());
  PLUMB_ASSIGN_OR_RETURN(Graph graph, onnx::ImportFile(options.path, ops::AllOps()));
  StatusOr<std::shared_ptr<engine::Model>> model =
      engine::Model::Compile(std::move(graph), compile);
  if (!model.ok()) {
    return Annotate(model.status(), absl::StrCat("model '", options.path, "'"));
  }
  loaded.model = *std::move(model);
  const int threads = options.threads > 0 ? options.threads : compile.target.cores;
  loaded.pool = std::make_unique<ThreadPool>(threads);
  loaded.session = std::make_unique<engine::Session>(loaded.model, loaded.pool.get());
  return loaded;
}

StatusOr<Shape> ParseShape(const std::string& text) {
  std::vector<std::int64_t> sizes;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    std::int64_t size = 0;
    const auto [next, error] = std::from_chars(at, end, size);
    if (error != std::errc() || size < 0 || (next < end && *next != 'x')) {
      return InvalidArgument("'", text, "' is no shape: expected sizes such as 1x3x224x224");
    }
    sizes.push_back(size);
    at = next < end ? next + 1 : next;
  }
  return MakeShape(sizes);
}

namespace {

StatusOr<std::map<std::string, Shape>> GivenShapes(const Graph& graph,
                                                   const std::vector<std::string>& shapes) {
  std::map<std::string, Shape> given;
  for (const std::string& text : shapes) {
    const std::size_t equals = text.rfind('=');
    if (equals == std::string::npos) {
      return UsageError("--shape " + text + ": expected NAME=1x3x224x224");
    }
    const std::string name = text.substr(0, equals);
    StatusOr<Shape> shape = ParseShape(text.substr(equals + 1));
    if (!shape.ok()) return UsageError("--shape: " + std::string(shape.status().message()));
    bool known = false;
    std::string names;
    for (ValueId input : graph.inputs()) {
      known = known || graph.value(input).name == name;
      absl::StrAppend(&names, names.empty() ? "" : ", ", graph.value(input).name);
    }
    if (!known) return UsageError("--shape: no input '" + name + "'; there is " + names);
    given[name] = *shape;
  }
  return given;
}

}  // namespace

StatusOr<std::vector<Shape>> InputShapes(const Graph& graph, const std::vector<std::string>& shapes,
                                         std::int64_t batch) {
  using Given = std::map<std::string, Shape>;
  PLUMB_ASSIGN_OR_RETURN(const Given given, GivenShapes(graph, shapes));
  std::map<int, std::int64_t> symbols;  // what --shape tells of symbols that other inputs share
  for (ValueId input : graph.inputs()) {
    const Value& value = graph.value(input);
    const auto found = given.find(value.name);
    if (found == given.end() || !value.info.dims) continue;
    for (std::size_t k = 0; k < value.info.dims->size(); ++k) {
      const Dim& dim = (*value.info.dims)[k];
      if (!dim.is_constant() && static_cast<int>(k) < found->second.rank()) {
        symbols[dim.symbol()] = found->second[static_cast<int>(k)];
      }
    }
  }
  std::vector<Shape> result;
  for (ValueId input : graph.inputs()) {
    const Value& value = graph.value(input);
    if (const auto found = given.find(value.name); found != given.end()) {
      result.push_back(found->second);
      continue;
    }
    if (!value.info.dims) {
      return UsageError("input '" + value.name + "' has no known rank: give --shape " + value.name +
                        "=...");
    }
    Shape shape;
    for (std::size_t k = 0; k < value.info.dims->size(); ++k) {
      const Dim& dim = (*value.info.dims)[k];
      if (dim.is_constant()) {
        shape.Append(dim.value());
      } else if (const auto known = symbols.find(dim.symbol()); known != symbols.end()) {
        shape.Append(known->second);
      } else if (k == 0) {
        shape.Append(batch);
      } else {
        return UsageError("input '" + value.name + "' leaves dimension " + std::to_string(k) +
                          " (" + dim.ToString(graph.symbols()) + ") open: give --shape " +
                          value.name + "=...");
      }
    }
    result.push_back(shape);
  }
  return result;
}

StatusOr<Tensor> RandomTensor(DType dtype, const Shape& shape, std::uint64_t seed) {
  PLUMB_ASSIGN_OR_RETURN(Tensor tensor, Tensor::TryAllocate(dtype, shape));
  Random random(seed);
  if (dtype == DType::kFloat32) {
    for (float& v : tensor.mutable_data<float>()) v = static_cast<float>(random.NextNormal());
    return tensor;
  }
  if (dtype == DType::kString) return tensor;
  PLUMB_ASSIGN_OR_RETURN(Tensor wide, Tensor::TryAllocate(DType::kFloat64, shape));
  for (double& v : wide.mutable_data<double>()) {
    v = IsFloating(dtype) ? random.NextNormal() : static_cast<double>(random.Uniform(0, 1));
  }
  return FromDoubles(dtype, shape, wide.data<double>());
}

}  // namespace plumb::cli
