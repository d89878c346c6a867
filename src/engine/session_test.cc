#include "engine/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "core/clock.h"
#include "core/random.h"
#include "engine/passes/pass.h"
#include "engine/testing/allocations.h"
#include "graph/text.h"
#include "ops/interpreter.h"
#include "ops/ops.h"

namespace plumb::engine {
namespace {

using testing::AllocationCount;
using ::testing::HasSubstr;

Graph Parse(std::string_view text) {
  auto graph = ParseGraph(text, ops::AllOps());
  if (!graph.ok()) ADD_FAILURE() << graph.status();
  return graph.ok() ? *std::move(graph) : Graph();
}

std::shared_ptr<Model> Compile(const Graph& graph, bool optimize = true) {
  CompileOptions options;
  options.target = *HostTarget();
  options.optimize = optimize;
  auto model = Model::Compile(graph.Clone(), options);
  if (!model.ok()) ADD_FAILURE() << model.status();
  return model.ok() ? *model : nullptr;
}

Tensor Normal(const Shape& shape, std::uint64_t seed) {
  Tensor tensor = Tensor::Zeros(DType::kFloat32, shape);
  Random random(seed);
  for (float& v : tensor.mutable_data<float>()) v = static_cast<float>(random.NextNormal());
  return tensor;
}

double RelativeError(const Tensor& actual, const Tensor& expected) {
  EXPECT_EQ(actual.shape().ToString(), expected.shape().ToString());
  const std::vector<double> a = ToDoubles(actual), b = ToDoubles(expected);
  double largest = 1e-30, error = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    largest = std::max(largest, std::abs(b[i]));
    error = std::max(error, std::abs(a[i] - b[i]));
  }
  return error / largest;
}

// Runs optimised and not, twice (the second run uses what the first planned), against the
// reference.
std::shared_ptr<const Segment> ExpectEqualsInterpreter(const Graph& graph,
                                                       const std::vector<Tensor>& inputs) {
  const auto expected = ops::Interpret(graph, inputs);
  if (!expected.ok()) {
    ADD_FAILURE() << expected.status();
    return nullptr;
  }
  std::shared_ptr<const Segment> segment;
  ThreadPool pool(2);
  for (bool optimize : {false, true}) {
    Session session(Compile(graph, optimize), &pool);
    for (int run = 0; run < 2; ++run) {
      const auto actual = session.Run(inputs);
      if (!actual.ok()) {
        ADD_FAILURE() << actual.status();
        return nullptr;
      }
      for (std::size_t i = 0; i < expected->size(); ++i) {
        EXPECT_LT(RelativeError((*actual)[i], (*expected)[i]), 1e-5) << "output " << i;
      }
    }
    std::vector<Shape> shapes;
    for (const Tensor& input : inputs) shapes.push_back(input.shape());
    auto planned = session.FirstSegment(shapes);
    if (planned.ok()) segment = *planned;
  }
  return segment;
}

int CopySteps(const Segment& segment) {
  int copies = 0;
  for (const StepInfo& step : segment.steps) copies += step.algorithm == "copy";
  return copies;
}

TEST(SessionTest, ConvolutionBatchNormResidualReluIsOneStep) {
  const Graph graph = Parse(R"(
graph block(x: f32[N,16,9,7]) -> (y) {
  w = const f32[16,16,3,3] seed(1)
  scale = const f32[16] seed(2)
  shift = const f32[16] seed(3)
  mean = const f32[16] seed(4)
  var = const f32[16] {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2}
  c = Conv(x, w) {pads = [1, 1, 1, 1]}
  b = BatchNormalization(c, scale, shift, mean, var)
  s = Add(b, x)
  y = Relu(s)
})");
  const auto segment = ExpectEqualsInterpreter(graph, {Normal({2, 16, 9, 7}, 5)});
  ASSERT_NE(segment, nullptr);
  int compute = 0;
  for (const StepInfo& step : segment->steps) compute += step.algorithm != "copy";
  EXPECT_EQ(compute, 1);
}

// The residual of a convolution may be its image too: its memory is read until the last window.
TEST(SessionTest, AConvolutionAddedToItsOwnInput) {
  const std::string_view text = R"(
graph g(x: f32[1,32,90,90]) -> (y) {
  u = const f32[32,32,1,1] seed(1)
  w = const f32[32,32,3,3] seed(2)
  v = const f32[32,32,1,1] seed(3)
  r = Conv(x, u)
  a = Conv(r, w) {pads = [1, 1, 1, 1]}
  s = Add(a, r)
  y = Conv(s, v)
})";
  const Graph graph = Parse(text);
  const Tensor x = Normal({1, 32, 90, 90}, 9);
  ExpectEqualsInterpreter(graph, {x});
  const auto expected = ops::Interpret(graph, {x});
  ASSERT_TRUE(expected.ok());
  CompileOptions options;
  options.target = *HostTarget();
  options.precision = DType::kBFloat16;
  ThreadPool pool(2);
  Session session(Model::Compile(graph.Clone(), options).value(), &pool);
  const auto actual = session.Run({x});
  ASSERT_TRUE(actual.ok()) << actual.status();
  EXPECT_LT(RelativeError((*actual)[0], (*expected)[0]), 0.03);
}

TEST(SessionTest, AQuantisedConvolutionAddedToItsOwnInput) {
  const Graph graph = Parse(R"(
graph g(x: f32[1,32,90,90]) -> (y) {
  s = const f32[] {0.03}
  z = const u8[] {128}
  t = const f32[] {0.001}
  w = const i8[32,32,3,3] seed(1)
  xq = QuantizeLinear(x, s, z)
  xd = DequantizeLinear(xq, s, z)
  v = const i8[32,32,1,1] seed(2)
  vd = DequantizeLinear(v, t)
  p = Conv(xd, vd)
  pq = QuantizeLinear(p, s, z)
  pd = DequantizeLinear(pq, s, z)
  wd = DequantizeLinear(w, t)
  c = Conv(pd, wd) {pads = [1, 1, 1, 1]}
  cq = QuantizeLinear(c, s, z)
  cd = DequantizeLinear(cq, s, z)
  a = Add(cd, pd)
  aq = QuantizeLinear(a, s, z)
  y = DequantizeLinear(aq, s, z)
})");
  const Tensor x = Normal({1, 32, 90, 90}, 9);
  const auto expected = ops::Interpret(graph, {x});
  ASSERT_TRUE(expected.ok());
  ThreadPool pool(2);
  Session session(Compile(graph), &pool);
  const auto actual = session.Run({x});
  ASSERT_TRUE(actual.ok()) << actual.status();
  const std::vector<double> a = ToDoubles((*actual)[0]), b = ToDoubles((*expected)[0]);
  for (std::size_t i = 0; i < b.size(); ++i) ASSERT_NEAR(a[i], b[i], 0.0301) << i;  // one step
}

// What was chosen for images whose channels lie together does not fit those where they do not.
TEST(SessionTest, AKernelThatANewShapeDoesNotFitIsChosenAnew) {
  constexpr const char* kImage = R"(
  i = const i64[1] {0}
  e = const i64[1] {1}
  f = const i64[1] {4}
  a = Slice(x, i, e, f)
  b = Squeeze(a, f)
  t = Transpose(b) {perm = [0, 3, 1, 2]}
)";
  const Graph bytes = Parse(absl::StrCat("graph g(x: f32[N,H,W,20,K]) -> (y) {", kImage, R"(
  s = const f32[] {0.05}
  z = const u8[] {7}
  w = const i8[20,1,3,3] seed(1)
  k = const f32[] {0.01}
  tq = QuantizeLinear(t, s, z)
  d = DequantizeLinear(tq, s, z)
  wd = DequantizeLinear(w, k)
  c = Conv(d, wd) {pads = [1, 1, 1, 1], group = 20}
  q = QuantizeLinear(c, s, z)
  y = DequantizeLinear(q, s, z)
})"));
  const Graph winograd = Parse(absl::StrCat("graph g(x: f32[N,H,W,64,K]) -> (y) {", kImage, R"(
  w = const f32[64,64,3,3] seed(1)
  y = Conv(t, w) {pads = [1, 1, 1, 1]}
})"));
  for (const Graph* graph : {&bytes, &winograd}) {
    ThreadPool pool(2);
    Session session(Compile(*graph), &pool);
    for (const std::int64_t k : {1, 2, 1, 3}) {
      const Tensor x = Normal({1, 20, 21, graph == &bytes ? 20 : 64, k}, 5);
      const auto expected = ops::Interpret(*graph, {x});
      ASSERT_TRUE(expected.ok()) << expected.status();
      const auto actual = session.Run({x});
      ASSERT_TRUE(actual.ok()) << actual.status();
      if (graph == &winograd) {
        EXPECT_LT(RelativeError((*actual)[0], (*expected)[0]), 1e-5) << k;
        continue;
      }
      const std::vector<double> a = ToDoubles((*actual)[0]), b = ToDoubles((*expected)[0]);
      for (std::size_t j = 0; j < b.size(); ++j) ASSERT_NEAR(a[j], b[j], 0.0501) << k;  // one step
    }
  }
}

// Convolutions that write the steps of a concatenation, lookups, and parts of it.
TEST(SessionTest, QuantisedBranchesHaveTheBitsOfTheReference) {
  Graph graph = Parse(R"(
graph branches(x: f32[N,9,7,5]) -> (y, o) {
  s = const f32[] {0.03}
  z = const u8[] {120}
  t = const f32[] {0.0871}
  n = const u8[] {0}
  r = const f32[] {0.146}
  u = const i8[] {-7}
  k = const f32[] {0.001}
  w = const i8[20,9,1,1] seed(1)
  v = const i8[33,20,3,3] seed(2)
  shape = const i64[3] {0, 62, -1}
  sizes = const i64[2] {30, 32}
  xq = QuantizeLinear(x, s, z)
  xd = DequantizeLinear(xq, s, z)
  wd = DequantizeLinear(w, k)
  vd = DequantizeLinear(v, k)
  a0 = Conv(xd, wd)
  a1 = Relu(a0)
  aq = QuantizeLinear(a1, t, n)
  a = DequantizeLinear(aq, t, n)
  b0 = Conv(a, vd) {pads = [1, 1, 1, 1]}
  bq = QuantizeLinear(b0, k, u)
  b = DequantizeLinear(bq, k, u)
  c = Concat(a, b, xd) {axis = 1}
  cq = QuantizeLinear(c, r, n)
  d = DequantizeLinear(cq, r, n)
  e = Reshape(d, shape)
  eq = QuantizeLinear(e, r, n)
  ed = DequantizeLinear(eq, r, n)
  g, h = Split(ed, sizes) {axis = 1}
  gq = QuantizeLinear(g, t, u)
  hq = QuantizeLinear(h, r, n)
  y = DequantizeLinear(gq, t, u)
  o = DequantizeLinear(hq, r, n)
})");
  ThreadPool pool(2);
  Session session(Compile(graph), &pool);
  const Status optimized = Optimize(graph, {ops::AllOps(), DType::kUndefined});
  ASSERT_TRUE(optimized.ok()) << optimized;
  TextOptions options;
  options.types = false;
  const std::string text = ToText(graph, options);
  EXPECT_THAT(
      text, HasSubstr("plumb.Requantize(quantizedconv, t, n, r, n)"));  // read by a convolution too
  EXPECT_THAT(text, HasSubstr(", k, u) {pads = "));                     // the other's inner scale
  for (const std::int64_t batch : {2, 1}) {
    const Tensor x = Normal({batch, 9, 7, 5}, 9);
    const auto expected = ops::Interpret(graph, {x});
    ASSERT_TRUE(expected.ok()) << expected.status();
    const auto actual = session.Run({x});
    ASSERT_TRUE(actual.ok()) << actual.status();
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(ToDoubles((*actual)[i]), ToDoubles((*expected)[i])) << "output " << i;
    }
  }
}

TEST(SessionTest, ConcatOfConvolutionsMovesNothing) {
  const Graph graph = Parse(R"(
graph dense(x: f32[1,3,12,12]) -> (y) {
  w0 = const f32[20,3,3,3] seed(1)
  w1 = const f32[12,20,3,3] seed(2)
  w2 = const f32[8,32,1,1] seed(3)
  w3 = const f32[5,40,1,1] seed(4)
  a = Conv(x, w0) {pads = [1, 1, 1, 1]}
  b = Conv(a, w1) {pads = [1, 1, 1, 1]}
  ab = Concat(a, b) {axis = 1}
  c = Conv(ab, w2)
  abc = Concat(ab, c) {axis = 1}
  d = Conv(abc, w3)
  y = GlobalAveragePool(d)
})");
  const auto segment = ExpectEqualsInterpreter(graph, {Normal({1, 3, 12, 12}, 6)});
  ASSERT_NE(segment, nullptr);
  EXPECT_EQ(CopySteps(*segment), 0);
  EXPECT_GT(segment->movement_bytes_before, 0);
  EXPECT_EQ(segment->movement_bytes, 0);
}

TEST(SessionTest, EmptyPartsOfAConcatAreLeftOut) {
  const Graph graph = Parse(R"(
graph part(x: f32[4], e: f32[0]) -> (y, z) {
  a = Relu(x)
  y = Concat(e, a) {axis = 0}
  b = Sigmoid(e)
  z = Concat(b, e) {axis = 0}
})");
  ExpectEqualsInterpreter(graph, {Normal({4}, 7), Normal({0}, 7)});
}

TEST(SessionTest, DropoutThatDropsNothingCostsNothing) {
  const Graph graph = Parse(R"(
graph drop(x: f32[2,6]) -> (y) {
  half = const f32[] {0.5}
  never = const f32[] {0}
  off = const bool[] {0}
  on = const bool[] {1}
  a = Relu(x)
  b = Dropout(a, half, off)
  c = Dropout(b, never, on)
  y = Sigmoid(c)
})");
  const auto segment = ExpectEqualsInterpreter(graph, {Normal({2, 6}, 7)});
  ASSERT_NE(segment, nullptr);
  for (const StepInfo& step : segment->steps) EXPECT_NE(step.algorithm, "reference") << step.name;
}

TEST(SessionTest, ChannelShuffleIsReadInPlace) {
  const Graph graph = Parse(R"(
graph shuffle(x: f32[N,12,6,6]) -> (y) {
  w = const f32[24,4,1,1] seed(1)
  w2 = const f32[24,1,3,3] seed(2)
  s5 = const i64[5] {0, 3, 8, 6, 6}
  s4 = const i64[4] {0, 24, 6, 6}
  a = Conv(x, w) {group = 3}
  r = Reshape(a, s5)
  t = Transpose(r) {perm = [0, 2, 1, 3, 4]}
  u = Reshape(t, s4)
  y = Conv(u, w2) {group = 24, pads = [1, 1, 1, 1]}
})");
  ExpectEqualsInterpreter(graph, {Normal({2, 12, 6, 6}, 7)});
}

TEST(SessionTest, MovementChainsEndInOneCopy) {
  const Graph graph = Parse(R"(
graph chain(x: f32[2,6,8]) -> (y) {
  starts = const i64[1] {1}
  ends = const i64[1] {7}
  axes = const i64[1] {2}
  shape = const i64[3] {6, 2, 6}
  a = Transpose(x) {perm = [1, 0, 2]}
  b = Slice(a, starts, ends, axes)
  c = Reshape(b, shape)
  d = Concat(c, c) {axis = 1}
  y = Transpose(d) {perm = [2, 0, 1]}
})");
  const auto segment = ExpectEqualsInterpreter(graph, {Normal({2, 6, 8}, 8)});
  ASSERT_NE(segment, nullptr);
  EXPECT_EQ(segment->steps.size(), 1u);
}

TEST(SessionTest, OutputsThatAreInputsConstantsAndDuplicates) {
  const Graph graph = Parse(R"(
graph outputs(x: f32[2,3]) -> (x, c, y, y2, y) {
  c = const f32[2] {1, 2}
  y = Neg(x)
  y2 = Abs(y)
})");
  ExpectEqualsInterpreter(graph, {Normal({2, 3}, 9)});
}

TEST(SessionTest, SymbolicShapesArePlannedAnewAndRemembered) {
  const Graph graph = Parse(R"(
graph symbolic(x: f32[N,C,H,W]) -> (y) {
  shape = Shape(x)
  zero = const i64[1] {0}
  first = Gather(shape, zero)
  minus = const i64[1] {-1}
  target = Concat(first, minus) {axis = 0}
  flat = Reshape(x, target)
  y = Softmax(flat) {axis = -1}
})");
  ThreadPool pool(1);
  Session session(Compile(graph), &pool);
  for (const Shape& shape : {Shape{1, 3, 4, 5}, Shape{2, 1, 1, 7}, Shape{1, 3, 4, 5}}) {
    const Tensor input = Normal(shape, 10);
    const auto actual = session.Run({input});
    ASSERT_TRUE(actual.ok()) << actual.status();
    const auto expected = ops::Interpret(graph, {input});
    EXPECT_LT(RelativeError((*actual)[0], (*expected)[0]), 1e-5);
  }
  const auto segment = session.FirstSegment(std::vector<Shape>{{1, 3, 4, 5}});
  ASSERT_TRUE(segment.ok());
  EXPECT_EQ((*segment)->steps.size(), 1u);  // only the softmax: shapes are arithmetic of the plan
}

TEST(SessionTest, SizesKnownOnlyAfterAStepOpenASegment) {
  const Graph graph = Parse(R"(
graph dynamic(x: f32[8]) -> (y) {
  zero = const f32[] {0}
  positive = Greater(x, zero)
  where = NonZero(positive)
  rows = Transpose(where)
  flat_shape = const i64[1] {-1}
  index = Reshape(rows, flat_shape)
  picked = Gather(x, index)
  y = Neg(picked)
})");
  ThreadPool pool(1);
  Session session(Compile(graph), &pool);
  for (std::uint64_t seed = 1; seed < 6; ++seed) {
    const Tensor input = Normal({8}, seed);
    const auto actual = session.Run({input});
    ASSERT_TRUE(actual.ok()) << actual.status();
    const auto expected = ops::Interpret(graph, {input});
    ASSERT_TRUE(expected.ok()) << expected.status();
    EXPECT_LT(RelativeError((*actual)[0], (*expected)[0]), 1e-6);
  }
  EXPECT_THAT(session.OutputShapes(std::vector<Shape>{{8}}).status().message(),
              HasSubstr("known only after node"));
}

TEST(SessionTest, BranchAndLoopReadCapturedValues) {
  const Graph graph = Parse(R"(
graph control(x: f32[3], trips: i64[], flag: bool[]) -> (y, z) {
  two = const f32[] {2}
  y = If(flag) {then_branch = graph () captures (x, two) -> (t) { t = Mul(x, two) },
                else_branch = graph () captures (x) -> (e) { e = Neg(x) }}
  keep = const bool[] {1}
  z = Loop(trips, keep, x) {body = graph (i: i64[], c: bool[], s: f32[3])
      captures (two) -> (c2, s2) { c2 = Identity(c)
                                   s2 = Add(s, two) }}
})");
  ThreadPool pool(1);
  Session session(Compile(graph), &pool);
  for (bool flag : {true, false}) {
    const std::vector<Tensor> inputs = {Normal({3}, 3), Tensor::Scalar<std::int64_t>(4),
                                        Tensor::Scalar<bool>(flag)};
    const auto actual = session.Run(inputs);
    ASSERT_TRUE(actual.ok()) << actual.status();
    const auto expected = ops::Interpret(graph, inputs);
    ASSERT_TRUE(expected.ok()) << expected.status();
    for (int i = 0; i < 2; ++i) {
      EXPECT_LT(RelativeError((*actual)[static_cast<std::size_t>(i)],
                              (*expected)[static_cast<std::size_t>(i)]),
                1e-6);
    }
  }
}

TEST(SessionTest, StateLivesFromRunToRun) {
  const Graph graph = Parse(R"(
graph counter(x: f32[2]) -> (y) {
  state sum: f32[2] = {0, 0}
  y = Add(sum, x)
  update sum = y
})");
  ThreadPool pool(1);
  Session session(Compile(graph), &pool);
  const Tensor one = Tensor::FromVector<float>({2}, {1, 2});
  for (int run = 1; run <= 3; ++run) {
    const auto result = session.Run({one});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ((*result)[0].data<float>()[1], 2.0f * static_cast<float>(run));
  }
}

constexpr std::string_view kSmallNet = R"(
graph net(x: f32[N,3,32,32]) -> (y) {
  w0 = const f32[16,3,3,3] seed(1)
  w1 = const f32[32,16,3,3] seed(2)
  w2 = const f32[10,32] seed(3)
  b2 = const f32[10] seed(4)
  a = Conv(x, w0) {pads = [1, 1, 1, 1]}
  b = Relu(a)
  p = MaxPool(b) {kernel_shape = [2, 2], strides = [2, 2]}
  c = Conv(p, w1) {pads = [1, 1, 1, 1]}
  d = Sigmoid(c)
  g = GlobalAveragePool(d)
  f = Flatten(g)
  h = Gemm(f, w2, b2) {transB = 1}
  y = Softmax(h)
})";

TEST(SessionTest, PlannedRunAllocatesNothing) {
  ThreadPool pool(2);
  Session session(Compile(Parse(kSmallNet)), &pool);
  Tensor input = Normal({1, 3, 32, 32}, 1);
  Tensor output = Tensor::Zeros(DType::kFloat32, {1, 10});
  const TensorView in[] = {input.view()};
  const TensorView out[] = {output.view()};
  for (int warm = 0; warm < 2; ++warm) ASSERT_TRUE(session.Run({}, in, out).ok());
  const std::int64_t before = AllocationCount();
  const Status status = session.Run({}, in, out);
  const std::int64_t after = AllocationCount();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(after - before, 0);
}

TEST(SessionTest, SameBitsForAnyNumberOfThreads) {
  const Graph graph = Parse(kSmallNet);
  const Tensor input = Normal({3, 3, 32, 32}, 2);
  std::vector<Tensor> results;
  for (int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    Session session(Compile(graph), &pool);
    auto result = session.Run({input});
    ASSERT_TRUE(result.ok()) << result.status();
    results.push_back((*result)[0]);
  }
  for (std::size_t i = 1; i < results.size(); ++i) {
    EXPECT_TRUE(std::ranges::equal(results[0].data<float>(), results[i].data<float>()));
  }
}

TEST(SessionTest, ConcurrentRunsOfTwoShapes) {
  ThreadPool pool(2);
  const Graph graph = Parse(kSmallNet);
  Session session(Compile(graph), &pool);
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      const Tensor input = Normal({1 + t % 2, 3, 32, 32}, static_cast<std::uint64_t>(t));
      const auto first = session.Run({input});
      for (int run = 0; run < 4; ++run) {
        const auto again = session.Run({input});
        const bool same = first.ok() && again.ok() &&
                          std::ranges::equal((*first)[0].data<float>(), (*again)[0].data<float>());
        wrong += same ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(SessionTest, WrongInputsAreNamed) {
  ThreadPool pool(1);
  Session session(Compile(Parse(kSmallNet)), &pool);
  EXPECT_EQ(session.Run({Normal({1, 3, 31, 32}, 1)}).status().message(),
            "input 'x' has shape 1x3x31x32, expected [N,3,32,32] (a symbol has one value in all "
            "inputs)");
  EXPECT_EQ(session.Run({Tensor::Zeros(DType::kInt32, {1, 3, 32, 32})}).status().message(),
            "input 'x' has type i32, expected f32");
  EXPECT_EQ(session.Run(std::vector<Tensor>{}).status().message(),
            "the model has 1 inputs, 0 were given");
  Tensor input = Normal({1, 3, 32, 32}, 1);
  Tensor small = Tensor::Zeros(DType::kFloat32, {1, 9});
  const TensorView in[] = {input.view()};
  const TensorView out[] = {small.view()};
  EXPECT_EQ(session.Run({}, in, out).message(),
            "output 'y' has type f32 and shape 1x10, the buffer given for it f32 1x9");
}

TEST(SessionTest, WrongIndexInTheDataNamesTheNode) {
  const Graph graph = Parse(R"(
graph pick(x: f32[4,3], i: i64[2]) -> (y) {
  y = Gather(x, i) {axis = 0} "the_gather"
})");
  ThreadPool pool(1);
  Session session(Compile(graph), &pool);
  const Tensor x = Normal({4, 3}, 1);
  EXPECT_TRUE(session.Run({x, Tensor::FromVector<std::int64_t>({2}, {-1, 3})}).ok());
  const auto wrong = session.Run({x, Tensor::FromVector<std::int64_t>({2}, {0, 4})});
  EXPECT_THAT(wrong.status().message(), HasSubstr("the_gather"));
}

TEST(SessionTest, DeadlineAndCancelEndARun) {
  ThreadPool pool(1);
  Session session(Compile(Parse(kSmallNet)), &pool);
  RunOptions options;
  options.deadline_ns = NowNanos() - 1;
  EXPECT_EQ(session.Run({Normal({1, 3, 32, 32}, 1)}, options).status().code(),
            StatusCode::kDeadlineExceeded);
  const std::atomic<bool> cancel{true};
  options.deadline_ns = 0;
  options.cancel = &cancel;
  EXPECT_EQ(session.Run({Normal({1, 3, 32, 32}, 1)}, options).status().code(),
            StatusCode::kCancelled);
}

TEST(SessionTest, ProfileHasEveryStepInOrder) {
  ThreadPool pool(1);
  Session session(Compile(Parse(kSmallNet)), &pool);
  StepProfile profile;
  RunOptions options;
  options.profile = &profile;
  ASSERT_TRUE(session.Run({Normal({1, 3, 32, 32}, 1)}, options).ok());
  ASSERT_FALSE(profile.steps.empty());
  std::int64_t last = 0;
  for (const StepTime& step : profile.steps) {
    EXPECT_LE(last, step.begin_ns);
    EXPECT_LE(step.begin_ns, step.end_ns);
    last = step.end_ns;
  }
}

}  // namespace
}  // namespace plumb::engine
