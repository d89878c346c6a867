// Well-known networks: they compute what the reference interpreter does, and the plans of three of
// them are those that are checked in.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "core/file_io.h"
#include "engine/session.h"
#include "engine/testing/architectures.h"
#include "engine/testing/plan_text.h"
#include "ops/interpreter.h"

namespace plumb::engine {
namespace {

using testing::Architecture;

class ArchitectureTest : public ::testing::TestWithParam<Architecture> {};

std::string NameOf(const ::testing::TestParamInfo<Architecture>& info) { return info.param.name; }

double RelativeError(const Tensor& actual, const Tensor& expected) {
  const std::vector<double> a = ToDoubles(actual), b = ToDoubles(expected);
  double largest = 1e-30, error = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    largest = std::max(largest, std::abs(b[i]));
    error = std::max(error, std::abs(a[i] - b[i]));
  }
  return error / largest;
}

TEST_P(ArchitectureTest, OptimisedEqualsTheReferenceInterpreter) {
  auto graph = GetParam().make(GetParam().small);
  ASSERT_TRUE(graph.ok()) << graph.status();
  const std::vector<Tensor> inputs = testing::RandomInputs(*graph, 2);
  const auto expected = ops::Interpret(*graph, inputs);
  ASSERT_TRUE(expected.ok()) << expected.status();
  CompileOptions options;
  options.target = *HostTarget();
  auto model = Model::Compile(*std::move(graph), options);
  ASSERT_TRUE(model.ok()) << model.status();
  ThreadPool pool(2);
  Session session(*model, &pool);
  const auto actual = session.Run(inputs);
  ASSERT_TRUE(actual.ok()) << actual.status();
  ASSERT_EQ(actual->size(), 1u);
  ASSERT_EQ((*actual)[0].shape(), (*expected)[0].shape());
  EXPECT_LT(RelativeError((*actual)[0], (*expected)[0]), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(All, ArchitectureTest, ::testing::ValuesIn(testing::Architectures()),
                         NameOf);

// A difference is no fault by itself: look at it, and write the files anew when it is wanted:
//   PLUMB_WRITE_PLANS=1 build/engine_test --gtest_filter='*GoldenPlan*'
class GoldenPlanTest : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenPlanTest, IsThePlanThatIsCheckedIn) {
  const Architecture& architecture = testing::FindArchitecture(GetParam());
  auto graph = architecture.make(architecture.full);
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::vector<Shape> shapes;
  for (const Tensor& input : testing::RandomInputs(*graph, 1)) shapes.push_back(input.shape());
  CompileOptions options;  // for the default target: the same plan on every machine
  auto model = Model::Compile(*std::move(graph), options);
  ASSERT_TRUE(model.ok()) << model.status();
  ThreadPool pool(1);
  Session session(*model, &pool);
  const auto segment = session.FirstSegment(shapes);
  ASSERT_TRUE(segment.ok()) << segment.status();
  const std::string text = testing::PlanText(**segment);
  const std::string path =
      absl::StrCat(PLUMB_SOURCE_DIR, "/testdata/plans/", architecture.name, ".txt");
  if (std::getenv("PLUMB_WRITE_PLANS") != nullptr) {
    ASSERT_TRUE(WriteFileAtomically(path, text).ok());
  }
  const auto golden = ReadFile(path);
  ASSERT_TRUE(golden.ok()) << golden.status();
  EXPECT_EQ(text, *golden) << path;
}

INSTANTIATE_TEST_SUITE_P(Three, GoldenPlanTest,
                         ::testing::Values("googlenet", "shufflenet_v1", "bert"));

}  // namespace
}  // namespace plumb::engine
