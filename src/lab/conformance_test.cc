#include "lab/conformance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "graph/text.h"
#include "onnx/export.h"
#include "onnx/tensor_proto.h"
#include "ops/ops.h"

namespace plumb::lab {
namespace {

using ::testing::ElementsAre;

Tensor Floats(const std::vector<float>& values) {
  return Tensor::FromVector<float>({static_cast<std::int64_t>(values.size())}, values);
}

class ConformanceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::path(::testing::TempDir()) / "plumb_conformance_test";
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void AddCase(const std::string& name, const Graph& graph, const Tensor& input,
               const Tensor& output) const {
    const auto data = root_ / name / "test_data_set_0";
    std::filesystem::create_directories(data);
    ASSERT_TRUE(onnx::ExportFile(graph, (root_ / name / "model.onnx").string()).ok());
    ASSERT_TRUE(onnx::WriteTensorFile((data / "input_0.pb").string(), input, "x").ok());
    ASSERT_TRUE(onnx::WriteTensorFile((data / "output_0.pb").string(), output, "y").ok());
  }
  static Graph Doubling() {
    StatusOr<Graph> graph =
        ParseGraph("graph g(x: f32[N]) -> (y) { y = Add(x, x) }", ops::AllOps());
    EXPECT_TRUE(graph.ok()) << graph.status();
    return *std::move(graph);
  }
  StatusOr<ConformanceCounts> Run() {
    return RunConformance(
        {root_.string()}, RunOnReference(),
        [this](const ConformanceFinding& finding) { lines_.push_back(finding.Text()); });
  }

  std::filesystem::path root_;
  std::vector<std::string> lines_;
};

TEST_F(ConformanceTest, CountsAndTellsWhatIsWrong) {
  AddCase("a/right", Doubling(), Floats({1, -2}), Floats({2, -4.003f}));
  AddCase("a/wrong_value", Doubling(), Floats({1, 2}), Floats({2, 5}));
  AddCase("b/wrong_shape", Doubling(), Floats({1}), Floats({2, 2}));
  OpDef unknown = *ops::AllOps().Find("", "Relu");
  unknown.name = "Frobnicate";
  Graph graph = Doubling();
  const NodeId node = graph.AddNode(&unknown, {graph.inputs()[0]}, 1);
  graph.set_output(0, graph.node(node).output(0));
  AddCase("c/unknown", graph, Floats({1}), Floats({1}));
  const StatusOr<ConformanceCounts> counts = Run();
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->passed, 1);
  EXPECT_EQ(counts->failed, 2);
  EXPECT_EQ(counts->skipped, 1);
  EXPECT_THAT(lines_,
              ElementsAre("FAILED a/wrong_value: output 0 'y': element 1 is 4, expected 5",
                          "FAILED b/wrong_shape: output 0 'y': has shape 1, expected 2",
                          "skipped 1 case (c/unknown): operator Frobnicate is not supported"));
}

TEST_F(ConformanceTest, TheEngineRunsTheSameCases) {
  AddCase("right", Doubling(), Floats({1, -2}), Floats({2, -4}));
  ThreadPool pool(1);
  const auto counts = RunConformance({root_.string()}, RunOnEngine(*HostTarget(), &pool),
                                     [](const ConformanceFinding&) {});
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->passed, 1);
}

TEST_F(ConformanceTest, DataThatContradictTheirModelAreSkipped) {
  StatusOr<Graph> graph =
      ParseGraph("graph g(x: f32[3,N]) -> (y) { y = Add(x, x) }", ops::AllOps());
  ASSERT_TRUE(graph.ok()) << graph.status();
  AddCase("a", *graph, Floats({1, 2}), Floats({2, 4}));
  AddCase("b", *graph, Tensor::FromVector<float>({2, 1}, {1, 2}),
          Tensor::FromVector<float>({2, 1}, {2, 4}));
  const StatusOr<ConformanceCounts> counts = Run();
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->skipped, 2);
  EXPECT_THAT(lines_, ElementsAre("skipped 2 cases (a, ...): an input of the data has another "
                                  "shape than the model declares"));
}

TEST_F(ConformanceTest, AFolderThatCannotBeReadIsAnErrorThatNamesIt) {
  AddCase("a", Doubling(), Floats({1}), Floats({2}));
  const auto loop = root_ / "a" / "test_data_set_1";
  std::filesystem::create_symlink(loop, loop);
  EXPECT_THAT(std::string(Run().status().message()),
              ::testing::AllOf(::testing::StartsWith("cannot read folder '"),
                               ::testing::HasSubstr("a/test_data_set_1': ")));
}

TEST_F(ConformanceTest, AFolderWithoutCasesIsAnError) {
  EXPECT_FALSE(Run().ok());
  std::filesystem::create_directories(root_);
  EXPECT_NE(Run().status().message().find("no folder has model.onnx and test_data_set_*"),
            std::string::npos);
}

TEST(CompareOutput, TypesShapesAndTolerances) {
  EXPECT_TRUE(CompareOutput(Floats({1.0009f, NAN, INFINITY}), Floats({1, NAN, INFINITY})).ok());
  EXPECT_EQ(CompareOutput(Floats({1.002f}), Floats({1})).message().substr(0, 11), "element 0 i");
  const auto bf16 = [](double value) {
    return FromDoubles(DType::kBFloat16, Shape{1}, {&value, 1});
  };
  EXPECT_TRUE(CompareOutput(bf16(0.5f), bf16(0.498046875f)).ok());
  EXPECT_FALSE(CompareOutput(bf16(0.5f), bf16(0.49609375f)).ok());
  EXPECT_EQ(CompareOutput(Floats({NAN}), Floats({1})).message(), "element 0 is nan, expected 1");
  EXPECT_EQ(CompareOutput(Floats({INFINITY}), Floats({-INFINITY})).message(),
            "element 0 is inf, expected -inf");
  EXPECT_EQ(CompareOutput(Floats({1}), Tensor::Scalar<std::int64_t>(1)).message(),
            "has type f32, expected i64");
  EXPECT_EQ(
      CompareOutput(Tensor::Scalar<std::string>("a"), Tensor::Scalar<std::string>("b")).message(),
      "element 0 is 'a', expected 'b'");
}

}  // namespace
}  // namespace plumb::lab
