// Runs an ONNX model once on an input of zeros and prints the first numbers of its first output.
//   example_01_run_model MODEL CHANNELSxHEIGHTxWIDTH, for instance embedder.onnx 3x64x64
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/target.h"
#include "core/thread_pool.h"
#include "engine/session.h"
#include "onnx/import.h"
#include "ops/ops.h"

namespace {

using plumb::Shape;
using plumb::StatusOr;
using plumb::Tensor;

StatusOr<std::vector<Tensor>> RunOnZeros(const std::string& path, const Shape& shape) {
  plumb::engine::CompileOptions options;
  PLUMB_ASSIGN_OR_RETURN(options.target, plumb::HostTarget());
  PLUMB_ASSIGN_OR_RETURN(plumb::Graph graph, plumb::onnx::ImportFile(path, plumb::ops::AllOps()));
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<plumb::engine::Model> model,
                         plumb::engine::Model::Compile(std::move(graph), options));
  plumb::ThreadPool pool(options.target.cores);
  plumb::engine::Session session(model, &pool);
  PLUMB_ASSIGN_OR_RETURN(const Tensor input, Tensor::TryAllocate(plumb::DType::kFloat32, shape));
  return session.Run({input});
}

}  // namespace

int main(int argc, char** argv) {
  int channels = 0, height = 0, width = 0;
  if (argc != 3 || std::sscanf(argv[2], "%dx%dx%d", &channels, &height, &width) != 3) {
    std::fprintf(stderr, "usage: example_01_run_model MODEL CHANNELSxHEIGHTxWIDTH\n");
    return 2;
  }
  const StatusOr<std::vector<Tensor>> outputs = RunOnZeros(argv[1], {1, channels, height, width});
  if (!outputs.ok()) {
    std::fprintf(stderr, "%s\n", outputs.status().ToString().c_str());
    return 1;
  }
  const Tensor& first = outputs->front();
  std::printf("%s:", first.shape().ToString().c_str());
  const std::vector<double> values = plumb::ToDoubles(first);
  for (std::size_t i = 0; i < values.size() && i < 5; ++i) std::printf(" %.4f", values[i]);
  std::printf("\n");
  return 0;
}
