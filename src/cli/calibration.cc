#include "cli/calibration.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>

#include "cli/command.h"
#include "cli/number_check.h"
#include "cli/run_inputs.h"
#include "cli/tensor_files.h"
#include "pipeline/image_tensor.h"
#include "pipeline/media_library.h"

namespace plumb::cli {

void CalibrationOptions::DeclareSamples(CLI::App* command) {
  command->add_option("--calibration", paths,
                      "DIR or FILEs: a sample each, .npy, .pb or a picture; where the model has "
                      "several inputs, a folder each with NAME.npy for every input");
  command
      ->add_option("--samples", samples,
                   "how many of them, in order of their names (default all); without "
                   "--calibration, of seeded normal numbers")
      ->check(WholeNumber(1, 1 << 20));
}

void CalibrationOptions::Declare(CLI::App* command) {
  DeclareSamples(command);
  command->add_option("--random", seed, "seed of samples without --calibration (default 0)")
      ->check(WholeNumber(0, std::numeric_limits<std::int64_t>::max()))
      ->excludes(command->get_option("--calibration"));
  DeclareNormalisation(command, "pictures", &mean, &deviation);
}

namespace {

namespace fs = std::filesystem;

bool IsTensorFile(const std::string& path) {
  return path.ends_with(".npy") || path.ends_with(".pb");
}
bool IsPicture(std::string path) {
  std::ranges::transform(path, path.begin(), [](unsigned char c) { return std::tolower(c); });
  return path.ends_with(".jpg") || path.ends_with(".jpeg") || path.ends_with(".png");
}

// Files of samples, or folders where `folders` says so, below `path`; sorted by name.
StatusOr<std::vector<std::string>> SamplesIn(const std::string& path, bool folders) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return NotFound("--calibration: no file or folder '", path, "'");
  if (!fs::is_directory(status)) {
    if (!folders) return std::vector<std::string>{path};
    return UsageError("--calibration: '" + path +
                      "' is a file, the model has several inputs: expected folders with NAME.npy "
                      "for every input");
  }
  std::vector<std::string> found;
  bool direct = false;  // the folder itself is a sample
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().string();
    std::error_code ignored;  // what cannot be looked at is no folder
    if (folders && at->is_directory(ignored)) found.push_back(name);
    if (!folders && (IsTensorFile(name) || IsPicture(name))) found.push_back(name);
    direct = direct || IsTensorFile(name);
  }
  if (error) return Unavailable("cannot read folder '", path, "': ", error.message());
  if (folders && found.empty() && direct) return std::vector<std::string>{path};
  if (found.empty()) {
    return NotFound(
        "--calibration: nothing in '", path, "': expected ",
        folders ? "folders with NAME.npy for every input" : ".npy, .pb, .jpg or .png files");
  }
  std::ranges::sort(found);
  return found;
}

Status CheckFits(const Tensor& tensor, const std::string& file, const Graph& graph,
                 const Value& input) {
  if (tensor.num_elements() == 0) {
    return InvalidArgument("calibration file '", file, "' holds no numbers: its shape is ",
                           tensor.shape().ToString());
  }
  bool fits = tensor.dtype() == input.info.dtype;
  if (fits && input.info.dims) {
    fits = tensor.rank() == static_cast<int>(input.info.dims->size());
    for (int k = 0; fits && k < tensor.rank(); ++k) {
      const Dim& dim = (*input.info.dims)[static_cast<std::size_t>(k)];
      fits = !dim.is_constant() || dim.value() == tensor.shape()[k];
    }
  }
  if (fits) return OkStatus();
  return InvalidArgument("calibration file '", file, "' holds ", Str(DTypeName(tensor.dtype())),
                         " ", tensor.shape().ToString(), ", input '", input.name, "' expects ",
                         lab::TypeText(graph, input.info));
}

// What reading a sample needs, shared by the function that reads.
struct Reader {
  const Graph* graph;
  Target target;
  std::vector<std::string> samples;
  std::vector<Shape> shapes;  // of pictures and of random numbers
  pipeline::Normalisation normalisation;
  std::uint64_t seed = 0;

  const Value& input(std::size_t i) const { return graph->value(graph->inputs()[i]); }

  StatusOr<Tensor> Read(const std::string& file, std::size_t i) const {
    if (IsPicture(file)) {
      PLUMB_ASSIGN_OR_RETURN(const pipeline::Image image, pipeline::ReadPicture(file));
      StatusOr<Tensor> tensor =
          pipeline::ImageToTensor(image, input(i).info.dtype, shapes[i], normalisation, target);
      if (!tensor.ok()) {
        return Annotate(tensor.status(),
                        absl::StrCat("picture '", file, "' for input '", input(i).name, "'"));
      }
      return tensor;
    }
    if (!IsTensorFile(file)) {
      return InvalidArgument("calibration file '", file, "' is none: expected .npy, .pb, .jpg or ",
                             ".png");
    }
    PLUMB_ASSIGN_OR_RETURN(Tensor tensor, ReadTensor(file));
    PLUMB_RETURN_IF_ERROR(CheckFits(tensor, file, *graph, input(i)));
    return tensor;
  }

  StatusOr<std::vector<Tensor>> Sample(std::int64_t index) const {
    std::vector<Tensor> tensors;
    const std::size_t count = graph->inputs().size();
    for (std::size_t i = 0; i < count; ++i) {
      if (samples.empty()) {
        if (NumElements(shapes[i]) == 0) {
          return InvalidArgument("input '", input(i).name, "' of shape ", shapes[i].ToString(),
                                 " holds no numbers to calibrate with");
        }
        const auto number = static_cast<std::uint64_t>(index) * count + i;
        PLUMB_ASSIGN_OR_RETURN(Tensor random,
                               lab::RandomTensor(input(i).info.dtype, shapes[i], seed + number));
        tensors.push_back(std::move(random));
        continue;
      }
      std::string file = samples[static_cast<std::size_t>(index)];
      std::error_code ignored;  // reading says what is wrong
      if (fs::is_directory(file, ignored)) {
        const std::string npy = OutputFile(file, input(i).name, input(i).info.dtype);
        const std::string pb = fs::path(npy).replace_extension(".pb").string();
        file = !fs::exists(npy, ignored) && fs::exists(pb, ignored) ? pb : npy;
      }
      PLUMB_ASSIGN_OR_RETURN(Tensor tensor, Read(file, i));
      tensors.push_back(std::move(tensor));
    }
    return tensors;
  }
};

}  // namespace

StatusOr<lab::CalibrationSamples> OpenCalibration(const CalibrationOptions& options,
                                                  const ModelOptions& model, const Graph& graph,
                                                  const Target& target) {
  const auto reader = std::make_shared<Reader>();
  reader->graph = &graph;
  reader->target = target;
  reader->seed = options.seed;
  PLUMB_ASSIGN_OR_RETURN(reader->normalisation, NormalisationOf(options.mean, options.deviation));
  std::int64_t count = options.samples;
  bool pictures = false;
  if (options.paths.empty()) {
    if (count == 0) {
      return UsageError(
          "nothing to calibrate on: expected --calibration with a folder or files of typical "
          "inputs, or --samples N for seeded normal numbers");
    }
  } else {
    for (const std::string& path : options.paths) {
      PLUMB_ASSIGN_OR_RETURN(const std::vector<std::string> found,
                             SamplesIn(path, graph.inputs().size() > 1));
      reader->samples.insert(reader->samples.end(), found.begin(), found.end());
    }
    const auto there = static_cast<std::int64_t>(reader->samples.size());
    if (count > there) {
      return UsageError(absl::StrCat("--samples ", count, ": --calibration has ", there));
    }
    if (count == 0) count = there;
    pictures = std::ranges::any_of(reader->samples, IsPicture);
  }
  if (options.paths.empty() || pictures) {
    PLUMB_ASSIGN_OR_RETURN(reader->shapes, model.InputShapes(graph));
  }
  return lab::CalibrationSamples{count, [reader](std::int64_t i) { return reader->Sample(i); }};
}

}  // namespace plumb::cli
