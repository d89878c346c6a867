#include "lab/quantize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/random.h"
#include "engine/session.h"
#include "graph/text.h"
#include "lab/compare.h"
#include "lab/model_inputs.h"
#include "onnx/export.h"
#include "onnx/import.h"
#include "ops/ops.h"

namespace plumb::lab {
namespace {

using testing::HasSubstr;

Graph Parse(std::string_view text) {
  StatusOr<Graph> graph = ParseGraph(text, ops::AllOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

Graph Net(int seed) {
  return Parse(absl::StrCat(R"(graph g(x: f32[N,3,12,12]) -> (y) {
  w = const f32[8,3,3,3] seed()",
                            seed, R"()
  b = const f32[8] seed(2)
  c = Conv(x, w, b) {pads = [1, 1, 1, 1]}
  r = Relu(c)
  v = const f32[8,8,3,3] seed(3)
  d = Conv(r, v) {pads = [1, 1, 1, 1]}
  s = Add(d, r)
  t = Relu(s)
  p = GlobalAveragePool(t)
  f = Flatten(p)
  u = const f32[8,4] seed(4)
  e = const f32[4] seed(5)
  y = Gemm(f, u, e)
})"));
}

CalibrationSamples Samples(std::int64_t count) {
  return {count, [](std::int64_t i) -> StatusOr<std::vector<Tensor>> {
            PLUMB_ASSIGN_OR_RETURN(Tensor x, RandomTensor(DType::kFloat32, {2, 3, 12, 12},
                                                          static_cast<std::uint64_t>(i)));
            return std::vector<Tensor>{std::move(x)};
          }};
}

StatusOr<Quantization> Make(const Graph& graph, const CalibrationSamples& samples,
                            const engine::QuantizeOptions& options = {}, int threads = 1) {
  ThreadPool pool(threads);
  return Quantize(graph, options, {samples, *HostTarget(), &pool});
}

std::vector<Tensor> OutputsOf(const Graph& graph, const std::vector<Tensor>& inputs) {
  engine::CompileOptions options;
  options.target = *HostTarget();
  const auto model = engine::Model::Compile(graph.Clone(), options);
  EXPECT_TRUE(model.ok()) << model.status();
  ThreadPool pool(1);
  engine::Session session(*model, &pool);
  const auto outputs = session.Run(inputs);
  EXPECT_TRUE(outputs.ok()) << outputs.status();
  return *outputs;
}

TEST(QuantizeTest, TheFileIsNearTheFloatModelForEveryMethodAndType) {
  for (const int seed : {11, 12, 13}) {
    const Graph graph = Net(seed);
    for (const engine::RangeMethod method :
         {engine::RangeMethod::kMinMax, engine::RangeMethod::kPercentile,
          engine::RangeMethod::kEntropy}) {
      for (const DType type : {DType::kUInt8, DType::kInt8}) {
        engine::QuantizeOptions options;
        options.ranges.method = method;
        options.activations = type;
        const auto made = Make(graph, Samples(4), options);
        ASSERT_TRUE(made.ok()) << made.status();
        const auto bytes = onnx::ExportBytes(made->graph);
        ASSERT_TRUE(bytes.ok()) << bytes.status();
        const auto again = onnx::ImportBytes(std::as_bytes(std::span(bytes->data(), bytes->size())),
                                             ops::AllOps());
        ASSERT_TRUE(again.ok()) << again.status();
        const auto x = Samples(1).read(99);
        ASSERT_TRUE(x.ok());
        EXPECT_LT(RelativeError(OutputsOf(*again, *x)[0], OutputsOf(graph, *x)[0]), 0.08);
      }
    }
  }
}

TEST(QuantizeTest, EveryLayerHasAnError) {
  const auto made = Make(Net(11), Samples(3));
  ASSERT_TRUE(made.ok()) << made.status();
  std::vector<std::string> values;
  for (const QuantizationError& layer : made->layers) {
    values.push_back(layer.value);
    EXPECT_GT(layer.relative, 0) << layer.value;
    EXPECT_LT(layer.relative, 0.1) << layer.value;
    EXPECT_GT(layer.sqnr_db, 20) << layer.value;
    EXPECT_LT(layer.sqnr_db, 70) << layer.value;
  }
  EXPECT_THAT(values, testing::ElementsAre("r", "d", "t", "p", "y"));
  ASSERT_EQ(made->outputs.size(), 1u);
  EXPECT_EQ(made->outputs[0].value, "y");
  EXPECT_EQ(made->outputs[0].sqnr_db, made->layers.back().sqnr_db);
}

TEST(QuantizeTest, TheSameSamplesGiveTheSameBytesForAnyNumberOfThreads) {
  const auto one = Make(Net(11), Samples(3), {}, 1), two = Make(Net(11), Samples(3), {}, 2);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(*onnx::ExportBytes(one->graph), *onnx::ExportBytes(two->graph));
  const auto other = Make(Net(11), Samples(2));
  ASSERT_TRUE(other.ok());
  EXPECT_NE(*onnx::ExportBytes(one->graph), *onnx::ExportBytes(other->graph));
}

TEST(QuantizeTest, SamplesThatSayNothingAreErrors) {
  const auto constant = [](float value) {
    return CalibrationSamples{2, [value](std::int64_t) -> StatusOr<std::vector<Tensor>> {
                                Tensor x = Tensor::Zeros(DType::kFloat32, {1, 3, 12, 12});
                                for (float& v : x.mutable_data<float>()) v = value;
                                return std::vector<Tensor>{x};
                              }};
  };
  const auto message = [&](const CalibrationSamples& samples) {
    return std::string(Make(Net(11), samples).status().message());
  };
  EXPECT_EQ(message(constant(0)),
            "input 'x' is 0 everywhere in all samples: expected samples that are typical");
  EXPECT_THAT(message(constant(0.5f)), HasSubstr("input 'x' is 0.5 everywhere"));
  EXPECT_EQ(message(constant(NAN)), "value 'x': holds NaN: expected finite numbers only");
  EXPECT_THAT(message({0, {}}), HasSubstr("no samples"));
}

TEST(QuantizeTest, IntegersCannotBeCompared) {
  const auto made = Make(Parse(R"(graph g(x: f32[2,3,12,12]) -> (y, best) {
  w = const f32[4,3,1,1] seed(1)
  c = Conv(x, w)
  r = Relu(c)
  v = const f32[4,4,1,1] seed(2)
  d = Conv(r, v)
  p = GlobalAveragePool(d)
  y = Tanh(p)
  best = ArgMax(p) {axis = 1}
})"),
                         Samples(3));
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_EQ(made->outputs.size(), 2u);
  EXPECT_TRUE(made->outputs[0].comparable);
  EXPECT_GT(made->outputs[0].relative, 0);
  EXPECT_FALSE(made->outputs[1].comparable);
}

TEST(QuantizeTest, ADeadLayerIsNoError) {
  const auto made = Make(Parse(R"(graph g(x: f32[2,3,12,12]) -> (y) {
  w = const f32[2,3,1,1] seed(1)
  b = const f32[2] {-99, -99}
  c = Conv(x, w, b)
  r = Relu(c)
  v = const f32[2,2,1,1] zeros
  y = Conv(r, v)
})"),
                         Samples(2));
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->outputs[0].relative, 0);
}

}  // namespace
}  // namespace plumb::lab
