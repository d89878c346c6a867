#include "lab/mix_precisions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <span>

#include "graph/text.h"
#include "lab/error_sums.h"
#include "lab/model_inputs.h"
#include "onnx/export.h"
#include "onnx/import.h"
#include "ops/interpreter.h"
#include "ops/ops.h"

namespace plumb::lab {
namespace {

using testing::HasSubstr;

Graph Parse(std::string_view text) {
  StatusOr<Graph> graph = ParseGraph(text, ops::AllOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

// Enough channels for bf16; a depthwise convolution, a residual, a pool.
Graph Net() {
  return Parse(R"(graph g(x: f32[N,16,12,12]) -> (y) {
  w = const f32[32,16,3,3] seed(1)
  b = const f32[32] seed(2)
  c = Conv(x, w, b) {pads = [1, 1, 1, 1]} "stem"
  r = Relu(c)
  k = const f32[32,1,3,3] seed(3)
  d = Conv(r, k) {pads = [1, 1, 1, 1], group = 32} "depthwise"
  v = const f32[32,32,1,1] seed(4)
  e = Conv(d, v) "pointwise"
  s = Add(e, r)
  t = Relu(s)
  p = MaxPool(t) {kernel_shape = [2, 2], strides = [2, 2]}
  a = GlobalAveragePool(p)
  f = Flatten(a)
  u = const f32[32,8] seed(5)
  y = MatMul(f, u) "head"
})");
}

CalibrationSamples Samples(std::int64_t count, const Shape& shape = {2, 16, 12, 12}) {
  return {count, [shape](std::int64_t i) -> StatusOr<std::vector<Tensor>> {
            PLUMB_ASSIGN_OR_RETURN(
                Tensor x, RandomTensor(DType::kFloat32, shape, static_cast<std::uint64_t>(i)));
            return std::vector<Tensor>{std::move(x)};
          }};
}

StatusOr<Mix> Make(const Graph& graph, double max_error,
                   const CalibrationSamples& samples = Samples(3)) {
  ThreadPool pool(1);
  MixOptions options;
  options.max_error = max_error;
  options.seconds = 0.02;
  return MixPrecisions(graph, options, {samples, *HostTarget(), &pool});
}

// By the definition of every operator.
double ErrorOf(const Graph& mixed, const Graph& real, const CalibrationSamples& samples) {
  ErrorSums sums;
  for (std::int64_t i = 0; i < samples.count; ++i) {
    const std::vector<Tensor> inputs = *samples.read(i);
    sums.Add((*ops::Interpret(mixed, inputs))[0], (*ops::Interpret(real, inputs))[0]);
  }
  return sums.relative();
}

int Count(const Mix& mix, DType type) {
  return static_cast<int>(std::ranges::count(mix.layers, type, &MixedLayer::precision));
}

TEST(MixPrecisionsTest, TheErrorStaysBelowEveryBound) {
  const Graph graph = Net();
  for (const double bound : {1.0, 0.02, 0.01, 0.004, 1e-4}) {
    const auto mix = Make(graph, bound);
    ASSERT_TRUE(mix.ok()) << mix.status();
    ASSERT_EQ(mix->layers.size(), 4u);
    EXPECT_LE(mix->candidates[mix->chosen].error, bound);
    // Sums in another order round to neighbours now and then.
    EXPECT_LE(ErrorOf(mix->graph, graph, Samples(3)), 1.1 * bound + 1e-5) << bound;
    for (const MixCandidate& candidate : mix->candidates) {
      const bool meets = candidate.error <= bound;
      EXPECT_TRUE(!meets || mix->candidates[mix->chosen].ms <= candidate.ms) << candidate.name;
    }
  }
}

TEST(MixPrecisionsTest, TheBoundHoldsForEverySampleHoweverSmall) {
  const Graph graph = Net();
  // Without a bias the second sample's values are all small.
  const CalibrationSamples unlike{
      2, [](std::int64_t i) -> StatusOr<std::vector<Tensor>> {
        PLUMB_ASSIGN_OR_RETURN(Tensor x, RandomTensor(DType::kFloat32, {2, 16, 12, 12}, 3));
        for (float& v : x.mutable_data<float>()) v *= i == 0 ? 1 : 0.02f;
        return std::vector<Tensor>{std::move(x)};
      }};
  const double bound = 0.01;
  const auto mix = Make(graph, bound, unlike);
  ASSERT_TRUE(mix.ok()) << mix.status();
  for (std::int64_t i = 0; i < 2; ++i) {
    const CalibrationSamples alone{1, [&](std::int64_t) { return unlike.read(i); }};
    EXPECT_LE(ErrorOf(mix->graph, graph, alone), 1.1 * bound) << i;
  }
  // int8 has steps of one size for both: pooled, its error would be a small share of the largest.
  const auto int8 = std::ranges::find(mix->candidates, "int8", &MixCandidate::name);
  ASSERT_NE(int8, mix->candidates.end());
  EXPECT_GT(int8->error, 0.05);
}

TEST(MixPrecisionsTest, NoErrorAtAllLeavesTheModelAsItIs) {
  const auto mix = Make(Net(), 0);
  ASSERT_TRUE(mix.ok()) << mix.status();
  EXPECT_EQ(mix->candidates[mix->chosen].name, "fp32");
  EXPECT_EQ(Count(*mix, DType::kFloat32), 4);
  EXPECT_EQ(ErrorOf(mix->graph, Net(), Samples(1)), 0);
}

TEST(MixPrecisionsTest, EveryLayerThatIsNotInIntegersSaysWhy) {
  const auto mix = Make(Net(), 0.004);
  ASSERT_TRUE(mix.ok()) << mix.status();
  for (const MixedLayer& layer : mix->layers) {
    EXPECT_EQ(layer.why.empty(), layer.precision == DType::kInt8) << layer.node;
    EXPECT_GT(layer.fp32.ms, 0) << layer.node;
  }
}

TEST(MixPrecisionsTest, TheFileSaysTheSame) {
  const auto mix = Make(Net(), 0.01);
  ASSERT_TRUE(mix.ok()) << mix.status();
  const auto bytes = onnx::ExportBytes(mix->graph);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto read = onnx::ImportBytes(std::as_bytes(std::span(*bytes)), ops::AllOps());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_LE(ErrorOf(*read, mix->graph, Samples(1)), 1e-6);
}

TEST(MixPrecisionsTest, ModelsWithoutProductsStayAsTheyAre) {
  const auto mix =
      Make(Parse("graph g(x: f32[2]) -> (y) {\n  y = Relu(x)\n}"), 0.01, Samples(1, {2}));
  ASSERT_TRUE(mix.ok()) << mix.status();
  EXPECT_TRUE(mix->layers.empty());
  EXPECT_EQ(mix->candidates[mix->chosen].name, "fp32");
}

TEST(MixPrecisionsTest, OutputsWithoutFloatsAndNoSamplesAreErrors) {
  const Graph integers = Parse(R"(graph g(x: f32[2,4]) -> (y) {
  w = const f32[4,4] seed(1)
  z = MatMul(x, w)
  y = ArgMax(z) {axis = 1}
})");
  EXPECT_THAT(std::string(Make(integers, 0.1, Samples(1, {2, 4})).status().message()),
              HasSubstr("no output of floats"));
  EXPECT_THAT(std::string(Make(Net(), 0.1, Samples(0)).status().message()),
              HasSubstr("no samples"));
}

}  // namespace
}  // namespace plumb::lab
