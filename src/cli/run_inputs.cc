#include "cli/run_inputs.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include "cli/command.h"
#include "cli/number_check.h"
#include "cli/tensor_files.h"
#include "pipeline/image_tensor.h"
#include "pipeline/media_library.h"

namespace plumb::cli {

void RunInputs::Declare(CLI::App* command) {
  command
      ->add_option(
          "--input", files,
          "NAME=FILE: .npy, an ONNX TensorProto .pb, or strings in .json as --output writes "
          "them; in place of the file's default too")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--image", image,
                      "FILE or NAME=FILE: a picture, its middle resized and normalised as for "
                      "ImageNet; an input of uint8 takes the pixels as they are");
  DeclareNormalisation(command, "--image", &mean, &deviation);
  command->add_option("--random", seed, "seed of the inputs that are not given (default 0)")
      ->check(WholeNumber(0, std::numeric_limits<std::int64_t>::max()));
}

void DeclareNormalisation(CLI::App* command, const std::string& of, std::vector<float>* mean,
                          std::vector<float>* deviation) {
  command
      ->add_option("--mean", *mean,
                   "of " + of +
                       ": pixels are (value - mean) / std, value from 0 to 255; one number or "
                       "R,G,B (default 123.675,116.28,103.53)")
      ->delimiter(',')
      ->check(FiniteNumber())
      ->allow_extra_args(false);
  command
      ->add_option("--std", *deviation,
                   "of " + of + ": one number or R,G,B (default 58.395,57.12,57.375)")
      ->delimiter(',')
      ->check(FiniteNumber())
      ->allow_extra_args(false);
}

std::vector<std::string> RunInputs::Names() const {
  std::vector<std::string> names;
  for (const std::string& file : files) names.push_back(file.substr(0, file.find('=')));
  if (image.find('=') != std::string::npos) names.push_back(image.substr(0, image.find('=')));
  return names;
}

namespace {

Status FillThree(const std::vector<float>& numbers, const char* option, std::array<float, 3>* out) {
  if (numbers.empty()) return OkStatus();
  if (numbers.size() != 1 && numbers.size() != 3) {
    return UsageError(std::string(option) + ": expected one number or three, R,G,B");
  }
  for (std::size_t c = 0; c < 3; ++c) (*out)[c] = numbers[numbers.size() == 1 ? 0 : c];
  return OkStatus();
}

}  // namespace

StatusOr<pipeline::Normalisation> NormalisationOf(const std::vector<float>& mean,
                                                  const std::vector<float>& deviation) {
  pipeline::Normalisation normalisation;
  PLUMB_RETURN_IF_ERROR(FillThree(mean, "--mean", &normalisation.mean));
  PLUMB_RETURN_IF_ERROR(FillThree(deviation, "--std", &normalisation.deviation));
  for (float value : normalisation.deviation) {
    if (!(value > 0)) return UsageError("--std must be above 0: pixels are divided by it");
  }
  return normalisation;
}

namespace {

using Given = std::map<std::string, Tensor>;

bool IsInput(const Graph& graph, const std::string& name) {
  const auto& inputs = graph.inputs();
  return std::find(inputs.begin(), inputs.end(), graph.FindValue(name)) != inputs.end();
}

StatusOr<Given> ReadFiles(const std::vector<std::string>& files, const Graph& graph) {
  Given given;
  for (const std::string& text : files) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return UsageError("--input " + text + ": expected NAME=FILE (.npy, .pb or .json)");
    }
    const std::string name = text.substr(0, equals);
    if (!IsInput(graph, name)) {
      return UsageError("--input: the model has no input '" + name + "'");
    }
    if (given.contains(name))
      return UsageError("--input: '" + name + "' is given twice: give one file for it");
    PLUMB_ASSIGN_OR_RETURN(given[name], ReadTensor(text.substr(equals + 1)));
  }
  return given;
}

// Sizes of all inputs: those of the files, of --shape, and what they say of shared symbols.
StatusOr<std::vector<Shape>> Sizes(const Given& given, const ModelOptions& options,
                                   const Graph& graph) {
  PLUMB_ASSIGN_OR_RETURN(lab::NamedShapes shapes, options.NamedShapes());
  for (const auto& [name, tensor] : given) {
    if (!shapes.emplace(name, tensor.shape()).second) {
      return UsageError("input '" + name +
                        "' is given by --input and by --shape: the file has a shape, leave --shape "
                        "out");
    }
  }
  return BindShapes(graph, shapes, 1);
}

// The only input without a file that a picture fits.
StatusOr<std::size_t> InputForImage(const Given& given, const std::vector<Shape>& sizes,
                                    const Graph& graph) {
  std::vector<std::size_t> fitting;
  std::string names, reasons;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const Value& value = graph.value(graph.inputs()[i]);
    if (given.count(value.name) != 0) continue;
    const auto layout = pipeline::ImageLayoutOf(value.info.dtype, sizes[i]);
    if (layout.ok()) {
      fitting.push_back(i);
      absl::StrAppend(&names, names.empty() ? "" : ", ", value.name);
    } else {
      absl::StrAppend(&reasons, reasons.empty() ? "" : "; ", "input '", value.name, "' ",
                      layout.status().message());
    }
  }
  if (fitting.size() == 1) return fitting[0];
  if (fitting.empty()) {
    return UsageError("--image: no input is left that takes a picture" +
                      (reasons.empty() ? reasons : ": " + reasons));
  }
  return UsageError("--image: several inputs take pictures (" + names +
                    "): say which with NAME=FILE");
}

Status AddImage(const RunInputs& inputs, const std::vector<Shape>& sizes, const Target& target,
                const Graph& graph, Given* given) {
  PLUMB_ASSIGN_OR_RETURN(const pipeline::Normalisation normalisation,
                         NormalisationOf(inputs.mean, inputs.deviation));
  const std::size_t equals = inputs.image.find('=');
  const bool named = equals != std::string::npos && IsInput(graph, inputs.image.substr(0, equals));
  std::size_t index = 0;
  if (named) {
    const ValueId value = graph.FindValue(inputs.image.substr(0, equals));
    const auto& all = graph.inputs();
    index = static_cast<std::size_t>(std::find(all.begin(), all.end(), value) - all.begin());
  } else {
    PLUMB_ASSIGN_OR_RETURN(index, InputForImage(*given, sizes, graph));
  }
  const Value& value = graph.value(graph.inputs()[index]);
  if (given->count(value.name) != 0) {
    return UsageError("input '" + value.name +
                      "' is given by --input and by --image: leave one of them out");
  }
  PLUMB_ASSIGN_OR_RETURN(
      const pipeline::Image image,
      pipeline::ReadPicture(named ? inputs.image.substr(equals + 1) : inputs.image));
  StatusOr<Tensor> tensor =
      pipeline::ImageToTensor(image, value.info.dtype, sizes[index], normalisation, target);
  if (!tensor.ok()) return Annotate(tensor.status(), absl::StrCat("input '", value.name, "'"));
  (*given)[value.name] = *std::move(tensor);
  return OkStatus();
}

}  // namespace

StatusOr<std::vector<Tensor>> ReadInputs(const RunInputs& inputs, const ModelOptions& options,
                                         const Graph& graph, const Target& target) {
  if (inputs.image.empty() && !(inputs.mean.empty() && inputs.deviation.empty())) {
    return UsageError("--mean and --std are for --image");
  }
  PLUMB_ASSIGN_OR_RETURN(Given given, ReadFiles(inputs.files, graph));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Shape> sizes, Sizes(given, options, graph));
  if (!inputs.image.empty()) {
    PLUMB_RETURN_IF_ERROR(AddImage(inputs, sizes, target, graph, &given));
  }
  std::vector<Tensor> tensors;
  for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
    const Value& value = graph.value(graph.inputs()[i]);
    if (const auto found = given.find(value.name); found != given.end()) {
      tensors.push_back(found->second);
      continue;
    }
    PLUMB_ASSIGN_OR_RETURN(Tensor random,
                           lab::RandomTensor(value.info.dtype, sizes[i], inputs.seed + i));
    tensors.push_back(std::move(random));
  }
  return tensors;
}

StatusOr<std::vector<Tensor>> ReadInputs(const RunInputs& inputs, const ModelOptions& options,
                                         const LoadedModel& loaded) {
  return ReadInputs(inputs, options, loaded.graph(), loaded.model->target());
}

Status CheckBeforeSearch(const RunInputs& inputs, const ModelOptions& options) {
  if (options.precision != "auto") return OkStatus();
  PLUMB_ASSIGN_OR_RETURN(const Target target, HostTarget());
  PLUMB_ASSIGN_OR_RETURN(const Graph graph, LoadGraph(options, inputs.Names()));
  return ReadInputs(inputs, options, graph, target).status();
}

}  // namespace plumb::cli
