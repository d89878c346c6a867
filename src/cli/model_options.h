// Options that every command with a model shares, and what they load.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/thread_pool.h"
#include "engine/session.h"

namespace CLI {
class App;
}

namespace plumb::cli {

struct ModelOptions {
  std::string path;
  std::vector<std::string> shapes;  // NAME=1x3x224x224
  int threads = 0;                  // 0: all cores that the process may use
  std::string precision;            // empty: what the file says

  // Declares MODEL, --shape, --threads and --precision.
  void Declare(CLI::App* command);
};

// A model ready to run. The session uses the pool: keep them together.
struct LoadedModel {
  std::unique_ptr<ThreadPool> pool;
  std::shared_ptr<engine::Model> model;
  std::unique_ptr<engine::Session> session;

  const Graph& graph() const { return model->graph(); }
};

// Errors: an unreadable or wrong file; a precision that is not built; PLUMB_ISA that is not there.
StatusOr<LoadedModel> LoadModel(const ModelOptions& options);

// The input shapes to use: sizes that the file leaves open come from --shape; the batch (a symbolic
// first dimension) defaults to `batch`. Errors name the input and --shape.
StatusOr<std::vector<Shape>> InputShapes(const Graph& graph, const std::vector<std::string>& shapes,
                                         std::int64_t batch);

// "1x3x224x224"
StatusOr<Shape> ParseShape(const std::string& text);

// Seeded normal numbers for float inputs, small whole numbers for integers. Errors: no memory for
// it.
StatusOr<Tensor> RandomTensor(DType dtype, const Shape& shape, std::uint64_t seed);

}  // namespace plumb::cli
