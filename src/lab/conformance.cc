#include "lab/conformance.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>

#include "core/format.h"
#include "engine/session.h"
#include "onnx/import.h"
#include "onnx/tensor_proto.h"
#include "ops/interpreter.h"
#include "ops/ops.h"

namespace plumb::lab {
namespace {

namespace fs = std::filesystem;

constexpr double kRelativeTolerance = 1e-3, kAbsoluteTolerance = 1e-7;
// One unit in the last place: ONNX's data were made by cutting bits off, not by rounding.
constexpr double kBFloat16Tolerance = 0x1p-7;

bool Close(double actual, double expected, double relative_tolerance) {
  if (std::isnan(expected) || std::isnan(actual)) return std::isnan(expected) && std::isnan(actual);
  if (actual == expected) return true;  // infinities too
  if (std::isinf(expected) || std::isinf(actual)) return false;
  return std::abs(actual - expected) <=
         kAbsoluteTolerance + relative_tolerance * std::abs(expected);
}

Status Differs(std::size_t index, const std::string& actual, const std::string& expected) {
  return InvalidArgument("element ", index, " is ", actual, ", expected ", expected);
}

struct Case {
  std::string name;  // folder below the directory given
  fs::path folder;
  std::vector<fs::path> data_sets;
};

// The number N of "input_N.pb" when the file is one of `kind`.
std::optional<int> FileIndex(const fs::path& file, const std::string& kind) {
  const std::string name = file.filename().string();
  if (!name.starts_with(kind + "_") || file.extension() != ".pb") return std::nullopt;
  const std::string digits = name.substr(kind.size() + 1, name.size() - kind.size() - 4);
  const bool number = !digits.empty() && digits.size() < 6 &&
                      std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  return number ? std::optional<int>(std::stoi(digits)) : std::nullopt;
}

Status CannotRead(const fs::path& path, const std::error_code& error) {
  return NotFound("cannot read folder '", path.string(), "': ", error.message());
}

// What is in a folder, sorted.
StatusOr<std::vector<fs::path>> ListFolder(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> paths;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    paths.push_back(entry->path());
  }
  if (error) return CannotRead(folder, error);
  std::ranges::sort(paths);
  return paths;
}

StatusOr<std::vector<fs::path>> FindDataSets(const fs::path& folder) {
  std::vector<fs::path> data_sets;
  PLUMB_ASSIGN_OR_RETURN(const std::vector<fs::path> paths, ListFolder(folder));
  for (const fs::path& path : paths) {
    if (!path.filename().string().starts_with("test_data_set_")) continue;
    std::error_code error;
    if (fs::is_directory(path, error)) data_sets.push_back(path);
    if (error) return CannotRead(path, error);
  }
  return data_sets;
}

StatusOr<std::vector<Case>> FindCases(const std::string& directory) {
  std::error_code error;
  std::vector<Case> cases;
  fs::recursive_directory_iterator walk(directory, error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    if (walk->path().filename() != "model.onnx") continue;
    const fs::path folder = walk->path().parent_path();
    Case found{folder.lexically_relative(directory).string(), folder, {}};
    if (found.name == ".") found.name = folder.filename().string();
    PLUMB_ASSIGN_OR_RETURN(found.data_sets, FindDataSets(folder));
    if (!found.data_sets.empty()) cases.push_back(std::move(found));
  }
  if (error) return CannotRead(directory, error);
  std::ranges::sort(cases, {}, &Case::name);
  return cases;
}

// Tensors of one kind, by their number in the file name.
StatusOr<std::vector<onnx::NamedTensor>> ReadTensors(const fs::path& data_set,
                                                     const std::string& kind) {
  std::map<int, fs::path> files;
  PLUMB_ASSIGN_OR_RETURN(const std::vector<fs::path> paths, ListFolder(data_set));
  for (const fs::path& path : paths) {
    const std::optional<int> index = FileIndex(path, kind);
    if (index) files.emplace(*index, path);
  }
  std::vector<onnx::NamedTensor> tensors;
  for (const auto& [index, file] : files) {
    StatusOr<onnx::NamedTensor> tensor = onnx::ReadTensorFile(file.string());
    if (!tensor.ok()) return tensor.status();
    tensors.push_back(*std::move(tensor));
  }
  return tensors;
}

// In the order of the graph's inputs: by name where every name is an input's, else as numbered.
StatusOr<std::vector<Tensor>> InputsInOrder(const Graph& graph,
                                            std::vector<onnx::NamedTensor> given) {
  if (given.size() != graph.inputs().size()) {
    return InvalidArgument("there are ", given.size(), " input files for ", graph.inputs().size(),
                           " inputs");
  }
  std::vector<Tensor> by_name(given.size());
  std::size_t matched = 0;
  for (const onnx::NamedTensor& tensor : given) {
    const auto at = std::ranges::find(graph.inputs(), graph.FindValue(tensor.name));
    if (at == graph.inputs().end()) continue;
    Tensor& slot = by_name[static_cast<std::size_t>(at - graph.inputs().begin())];
    matched += !slot.defined();
    slot = tensor.tensor;
  }
  if (matched == given.size()) return by_name;
  std::vector<Tensor> inputs;
  for (onnx::NamedTensor& tensor : given) inputs.push_back(std::move(tensor.tensor));
  return inputs;
}

// The same bits as bf16 when that is what is expected of u16 data.
Tensor AsExpected(const Tensor& tensor, DType expected) {
  if (tensor.dtype() != DType::kUInt16 || expected != DType::kBFloat16) return tensor;
  const auto owner = std::make_shared<Tensor>(tensor);
  return Tensor::Wrap(DType::kBFloat16, tensor.shape(), owner->raw(), owner);
}

bool HasRandomNode(const Graph& graph) {
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    if (!node.erased && node.op->random) return true;
    for (const Subgraph& subgraph : node.subgraphs) {
      if (HasRandomNode(*subgraph.body)) return true;
    }
  }
  return false;
}

bool ContradictsItsModel(const ValueInfo& declared, const Shape& given) {
  if (!declared.dims) return false;
  if (static_cast<int>(declared.dims->size()) != given.rank()) return true;
  for (int k = 0; k < given.rank(); ++k) {
    const Dim& dim = (*declared.dims)[static_cast<std::size_t>(k)];
    if (dim.is_constant() && dim.value() != given[k]) return true;
  }
  return false;
}

// kAborted: the data set proves nothing. Its inputs have other shapes than its model declares, or
// the graph draws the numbers that differ at random.
Status RunDataSet(const Graph& graph, const fs::path& data_set, const RunModel& run) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<onnx::NamedTensor> given, ReadTensors(data_set, "input"));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<onnx::NamedTensor> expected,
                         ReadTensors(data_set, "output"));
  PLUMB_ASSIGN_OR_RETURN(std::vector<Tensor> inputs, InputsInOrder(graph, std::move(given)));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ValueInfo& declared = graph.value(graph.inputs()[i]).info;
    inputs[i] = AsExpected(inputs[i], declared.dtype);
    if (ContradictsItsModel(declared, inputs[i].shape())) {
      return absl::AbortedError("an input of the data has another shape than the model declares");
    }
  }
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, run(graph, inputs));
  if (outputs.size() != expected.size()) {
    return InvalidArgument(outputs.size(), " outputs, expected ", expected.size());
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor wanted = AsExpected(expected[i].tensor, outputs[i].dtype());
    const Status same = CompareOutput(outputs[i], wanted);
    if (same.ok()) continue;
    const bool same_type =
        outputs[i].dtype() == wanted.dtype() && outputs[i].shape() == wanted.shape();
    if (same_type && HasRandomNode(graph)) {
      return absl::AbortedError("random numbers differ from those of another generator");
    }
    const std::string& name = graph.value(graph.outputs()[i]).name;
    return Annotate(same, absl::StrCat("output ", i, " '", name, "'"));
  }
  return OkStatus();
}

// The part of a message that many cases share: what follows model and node.
std::string ReasonOf(const Status& status) {
  const std::string message(status.message());
  const std::size_t last = message.rfind("): ");
  const std::size_t model = message.find("': ");
  if (last != std::string::npos) return message.substr(last + 3);
  return model == std::string::npos ? message : message.substr(model + 3);
}

}  // namespace

Status CompareOutput(const Tensor& actual, const Tensor& expected) {
  if (actual.dtype() != expected.dtype()) {
    return InvalidArgument("has type ", Str(DTypeName(actual.dtype())), ", expected ",
                           Str(DTypeName(expected.dtype())));
  }
  if (!(actual.shape() == expected.shape())) {
    return InvalidArgument("has shape ", actual.shape().ToString(), ", expected ",
                           expected.shape().ToString());
  }
  if (expected.dtype() == DType::kString) {
    const auto left = actual.data<std::string>();
    const auto right = expected.data<std::string>();
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (left[i] != right[i]) return Differs(i, "'" + left[i] + "'", "'" + right[i] + "'");
    }
    return OkStatus();
  }
  if (expected.dtype() == DType::kInt4 || expected.dtype() == DType::kUInt4) {
    const auto bytes = static_cast<std::size_t>(expected.bytes());
    const bool same = std::memcmp(actual.raw(), expected.raw(), bytes) == 0;
    return same ? OkStatus() : InvalidArgument("has other elements than expected");
  }
  const std::vector<double> left = ToDoubles(actual);
  const std::vector<double> right = ToDoubles(expected);
  const double tolerance =
      expected.dtype() == DType::kBFloat16 ? kBFloat16Tolerance : kRelativeTolerance;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (Close(left[i], right[i], tolerance)) continue;
    return Differs(i, FormatExact(left[i]), FormatExact(right[i]));
  }
  return OkStatus();
}

RunModel RunOnEngine(const Target& target, ThreadPool* pool) {
  return [target, pool](const Graph& graph,
                        const std::vector<Tensor>& inputs) -> StatusOr<std::vector<Tensor>> {
    engine::CompileOptions options;
    options.target = target;
    PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<engine::Model> model,
                           engine::Model::Compile(graph.Clone(), options));
    engine::Session session(std::move(model), pool);
    return session.Run(inputs);
  };
}

RunModel RunOnReference() {
  return [](const Graph& graph, const std::vector<Tensor>& inputs) {
    return ops::Interpret(graph, inputs);
  };
}

std::string ConformanceFinding::Text() const {
  if (failed) return absl::StrCat("FAILED ", cases.front(), ": ", reason);
  return absl::StrCat("skipped ", cases.size(), cases.size() == 1 ? " case" : " cases", " (",
                      cases.front(), cases.size() > 1 ? ", ..." : "", "): ", reason);
}

StatusOr<ConformanceCounts> RunConformance(
    const std::vector<std::string>& directories, const RunModel& run,
    const std::function<void(const ConformanceFinding&)>& tell) {
  ConformanceCounts counts;
  std::map<std::string, std::vector<std::string>> skipped;  // reason -> cases
  for (const std::string& directory : directories) {
    PLUMB_ASSIGN_OR_RETURN(const std::vector<Case> cases, FindCases(directory));
    if (cases.empty()) {
      return NotFound("no case below '", directory,
                      "': no folder has model.onnx and test_data_set_*");
    }
    for (const Case& test : cases) {
      const StatusOr<Graph> graph =
          onnx::ImportFile((test.folder / "model.onnx").string(), ops::AllOps());
      if (absl::IsUnimplemented(graph.status())) {
        skipped[ReasonOf(graph.status())].push_back(test.name);
        ++counts.skipped;
        continue;
      }
      Status status = graph.status();
      for (std::size_t i = 0; i < test.data_sets.size() && status.ok(); ++i) {
        status = RunDataSet(*graph, test.data_sets[i], run);
      }
      if (absl::IsAborted(status)) {
        skipped[std::string(status.message())].push_back(test.name);
        ++counts.skipped;
        continue;
      }
      ++(status.ok() ? counts.passed : counts.failed);
      if (!status.ok()) tell({true, {test.name}, std::string(status.message())});
    }
  }
  for (const auto& [reason, cases] : skipped) tell({false, cases, reason});
  return counts;
}

}  // namespace plumb::lab
