// The samples that a model is calibrated on: tensor files and pictures, or seeded numbers.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/target.h"
#include "graph/graph.h"
#include "lab/calibrate.h"

namespace CLI {
class App;
}

namespace plumb::cli {

struct ModelOptions;

struct CalibrationOptions {
  std::vector<std::string> paths;  // files and folders
  std::int64_t samples = 0;        // 0: all that there are
  std::uint64_t seed = 0;
  std::vector<float> mean, deviation;

  // Declares --calibration, --samples, --random, --mean and --std; or the first two.
  void Declare(CLI::App* command);
  void DeclareSamples(CLI::App* command);
};

// Every file is a sample where the model has one input; else every folder is one, with NAME.npy or
// NAME.pb for each input, as `plumb run --output` writes them. They are read when they are asked
// for; only names are looked at here. Errors: neither files nor a number of samples, nothing in a
// folder. Reading one names the file and the input that it does not fit.
StatusOr<lab::CalibrationSamples> OpenCalibration(const CalibrationOptions& options,
                                                  const ModelOptions& model, const Graph& graph,
                                                  const Target& target);

}  // namespace plumb::cli
