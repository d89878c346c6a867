// What `plumb run` feeds to a model: files, a picture, and seeded random numbers for the rest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/model_options.h"
#include "pipeline/image_tensor.h"

namespace plumb::cli {

struct RunInputs {
  std::vector<std::string> files;  // NAME=FILE, .npy or .pb
  std::string image;               // FILE or NAME=FILE
  std::vector<float> mean, deviation;
  std::uint64_t seed = 0;

  // Declares --input, --image, --mean, --std and --random.
  void Declare(CLI::App* command);
  // The NAMEs of --input and --image.
  std::vector<std::string> Names() const;
};

// Declares --mean and --std of pictures; `of` says which in --help.
void DeclareNormalisation(CLI::App* command, const std::string& of, std::vector<float>* mean,
                          std::vector<float>* deviation);
// Of one number or three, R,G,B; the default where there is none. Errors are of usage.
StatusOr<pipeline::Normalisation> NormalisationOf(const std::vector<float>& mean,
                                                  const std::vector<float>& deviation);

// A tensor for each input of the model, in its order. Errors: a name that the model does not have
// or that is given twice, an unreadable file, a picture where no input or several inputs could take
// it, an open size.
StatusOr<std::vector<Tensor>> ReadInputs(const RunInputs& inputs, const ModelOptions& options,
                                         const Graph& graph, const Target& target);
StatusOr<std::vector<Tensor>> ReadInputs(const RunInputs& inputs, const ModelOptions& options,
                                         const LoadedModel& loaded);

// What is wrong with the inputs, before --precision auto searches for minutes.
Status CheckBeforeSearch(const RunInputs& inputs, const ModelOptions& options);

}  // namespace plumb::cli
