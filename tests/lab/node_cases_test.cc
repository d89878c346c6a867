// ONNX's own cases for single operators through the engine: none fails, and none stops passing.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/target.h"
#include "engine/session.h"
#include "lab/conformance.h"

namespace plumb::lab {
namespace {

// Of Debian's package libonnx-testdata 1.12.
constexpr const char* kNodeCases = "/usr/share/libonnx-testdata/data/node";
constexpr int kPassing = 834;

TEST(NodeCases, NoneFailsAndAsManyPass) {
  std::error_code error;
  if (!std::filesystem::is_directory(kNodeCases, error)) {
    GTEST_SKIP() << kNodeCases << " is not there; package libonnx-testdata brings it";
  }
  engine::CompileOptions options;
  options.target = *HostTarget();
  ThreadPool pool(options.target.cores);
  const RunModel run = [&](const Graph& graph,
                           const std::vector<Tensor>& inputs) -> StatusOr<std::vector<Tensor>> {
    PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<engine::Model> model,
                           engine::Model::Compile(graph.Clone(), options));
    engine::Session session(std::move(model), &pool);
    return session.Run(inputs);
  };
  std::string lines;
  const auto counts =
      RunConformance({kNodeCases}, run, [&](const std::string& line) { lines += line + "\n"; });
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->failed, 0) << lines;
  EXPECT_GE(counts->passed, kPassing) << lines;
}

}  // namespace
}  // namespace plumb::lab
