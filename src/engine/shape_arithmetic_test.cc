// What inference knows of integers before anything runs is what the operators compute.
#include <gtest/gtest.h>

#include "engine/session.h"
#include "graph/text.h"
#include "ops/interpreter.h"
#include "ops/ops.h"

namespace plumb::engine {
namespace {

// The outputs of the engine equal the interpreter's, element by element; the plan of the whole.
std::shared_ptr<const Segment> ExpectSame(std::string_view text,
                                          const std::vector<Tensor>& inputs) {
  const auto graph = ParseGraph(text, ops::AllOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  if (!graph.ok()) return nullptr;
  const auto expected = ops::Interpret(*graph, inputs);
  CompileOptions options;
  options.target = *HostTarget();
  const auto model = Model::Compile(graph->Clone(), options);
  EXPECT_TRUE(expected.ok() && model.ok()) << expected.status() << model.status();
  if (!expected.ok() || !model.ok()) return nullptr;
  ThreadPool pool(1);
  Session session(*model, &pool);
  const auto actual = session.Run(inputs);
  EXPECT_TRUE(actual.ok()) << actual.status();
  if (!actual.ok()) return nullptr;
  for (std::size_t i = 0; i < expected->size(); ++i) {
    const Tensor &a = (*actual)[i], &b = (*expected)[i];
    EXPECT_EQ(a.shape().ToString(), b.shape().ToString()) << "output " << i;
    if (IsInteger(b.dtype())) {
      EXPECT_EQ(ToInt64s(a), ToInt64s(b)) << "output " << i;
    } else {
      EXPECT_EQ(ToDoubles(a), ToDoubles(b)) << "output " << i;
    }
  }
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  const auto segment = session.FirstSegment(shapes);
  return segment.ok() ? *segment : nullptr;
}

// How exporters spell a broadcast to sizes of which some are -1, and a pad to whole windows.
TEST(ShapeArithmeticTest, SizesThroughChoicesAndRemaindersAreKnownToPlans) {
  constexpr std::string_view kText = R"(
graph sizes(x: f32[N,1], z: f32[N,W]) -> (y, p) {
  minus = const i64[] {-1}
  three = const i64[] {3}
  one = const i64[1] {1}
  zero = const i64[1] {0}
  target = const i64[2] {-1, 3}
  two = Shape(target)
  ones = ConstantOfShape(two) {value = i64[1] {1}}
  unset = Mul(ones, minus)
  same = Equal(target, unset)
  shape = Where(same, ones, target)
  y = Expand(x, shape)
  sizes = Shape(z)
  width = Gather(sizes, one)
  rest = Mod(width, three)
  lack = Sub(three, rest)
  pad = Mod(lack, three)
  pads = Concat(zero, zero, zero, pad) {axis = 0}
  p = Pad(z, pads)
})";
  const auto segment = ExpectSame(
      kText, {Tensor::Zeros(DType::kFloat32, {2, 1}), Tensor::Zeros(DType::kFloat32, {2, 7})});
  ASSERT_NE(segment, nullptr);
  EXPECT_EQ(segment->output_shapes.size(), 2u);
}

TEST(ShapeArithmeticTest, NumbersThatADoubleCannotHoldStayExact) {
  ExpectSame(R"(
graph big(x: i64[1]) -> (y, z) {
  a = const i64[1] {9007199254740993}
  one = const i64[1] {1}
  b = Add(a, one)
  y = Add(b, x)
  z = Concat(a, b) {axis = 0}
})",
             {Tensor::FromVector<std::int64_t>({1}, {0})});
}

TEST(ShapeArithmeticTest, NarrowTypesWrapAsTheOperatorsDo) {
  ExpectSame(R"(
graph narrow(x: u8[1]) -> (y, same, z) {
  a = const u8[1] {200}
  b = const u8[1] {100}
  sum = Add(a, b)
  y = Add(sum, x)
  wide = const i64[1] {300}
  cast = Cast(wide) {to = 2}
  rest = const u8[1] {44}
  same = Equal(cast, rest)
  z = Add(cast, x)
})",
             {Tensor::FromVector<std::uint8_t>({1}, {0})});
}

// A choice by a constant keeps what is known of both sides.
TEST(ShapeArithmeticTest, ChoicesByConstantsAreKnown) {
  const auto segment = ExpectSame(R"(
graph choice(x: f32[N,2]) -> (y) {
  pick = const bool[2] {1, 0}
  sizes = Shape(x)
  four = const i64[2] {4, 4}
  target = Where(pick, sizes, four)
  zero = ConstantOfShape(target)
  y = Add(zero, zero)
})",
                                  {Tensor::Zeros(DType::kFloat32, {3, 2})});
  ASSERT_NE(segment, nullptr);
  EXPECT_EQ(segment->output_shapes.size(), 1u);
}

// Only the upper bound counts where it is the smaller one, in an epilogue too.
TEST(ShapeArithmeticTest, ClipWithBoundsTheWrongWayRound) {
  ExpectSame(R"(
graph clip(x: f32[1,8,3,3]) -> (y) {
  w = const f32[4,8,1,1] seed(1)
  low = const f32[] {6}
  high = const f32[] {0}
  c = Conv(x, w)
  y = Clip(c, low, high)
})",
             {Tensor::Zeros(DType::kFloat32, {1, 8, 3, 3})});
}

}  // namespace
}  // namespace plumb::engine
