// ONNX's own cases for single operators through the engine: none fails, and none stops passing.
#include <gtest/gtest.h>

#include <filesystem>

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
  const Target target = *HostTarget();
  ThreadPool pool(target.cores);
  std::string lines;
  const auto counts =
      RunConformance({kNodeCases}, RunOnEngine(target, &pool),
                     [&](const ConformanceFinding& finding) { lines += finding.Text() + "\n"; });
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->failed, 0) << lines;
  EXPECT_GE(counts->passed, kPassing) << lines;
}

}  // namespace
}  // namespace plumb::lab
