#include "lab/model_inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "ops/ops.h"

namespace plumb::lab {
namespace {

Graph Parse(std::string_view text) {
  StatusOr<Graph> graph = ParseGraph(text, ops::AllOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

std::string Bound(const Graph& graph, const NamedShapes& given, std::int64_t batch = 1) {
  const auto shapes = BindInputShapes(graph, given, batch);
  if (!shapes.ok()) return std::string(shapes.status().message());
  std::string text;
  for (const Shape& shape : *shapes) text += "[" + shape.ToString() + "]";
  return text;
}

TEST(ParseShapeTest, ReadsSizesAndNamesWhatIsNone) {
  EXPECT_EQ(ParseShape("1x3x224x224")->ToString(), "1x3x224x224");
  EXPECT_EQ(ParseShape("0")->ToString(), "0");
  EXPECT_EQ(ParseShape("scalar")->rank(), 0);
  for (const char* text :
       {"", "x", "1x", "x1", "1xx2", "1x3x", "-1", "1,2", "1x2 ", "axb", "99999999999999999999"}) {
    EXPECT_EQ(ParseShape(text).status().message(),
              absl::StrCat("'", text, "' is no shape: expected sizes such as 1x3x224x224"));
  }
  EXPECT_FALSE(ParseShape("1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1").ok());
}

TEST(BindInputShapesTest, SymbolsTakeTheSizesOfGivenShapesAndTheBatchIsWhatIsLeft) {
  const Graph graph = Parse(R"(graph g(a: f32[N,L], b: f32[N,4], c: f32[2,L], s: f32[]) -> (t) {
    t = Add(s, s) })");
  EXPECT_EQ(Bound(graph, {{"a", {3, 7}}}), "[3x7][3x4][2x7][scalar]");
  EXPECT_EQ(Bound(graph, {{"c", {2, 7}}}, 5), "[5x7][5x4][2x7][scalar]");
}

TEST(BindInputShapesTest, ErrorsNameTheInput) {
  const Graph graph = Parse("graph g(a: f32[N,L], b: f32[N,4]) -> (t) { t = Relu(b) }");
  EXPECT_EQ(Bound(graph, {}), "input 'a' leaves dimension 1 (L) open: give its sizes");
  EXPECT_EQ(Bound(graph, {{"z", {1}}}), "no input 'z'; there is a, b");
  EXPECT_EQ(Bound(Parse("graph g(a: f32) -> (t) { t = Relu(a) }"), {}),
            "input 'a' has no known rank: give its sizes");
}

TEST(BatchOfTest, IsTheOpenFirstDimensionElseThatOfAnInputWithSeveral) {
  const Graph open = Parse("graph g(s: f32[2,2], x: f32[N,3]) -> (t) { t = Relu(x) }");
  EXPECT_EQ(OpenBatchOf(open, {{2, 2}, {8, 3}}), 8);
  EXPECT_EQ(BatchOf(open, {{2, 2}, {8, 3}}), 8);
  const Graph fixed = Parse("graph g(s: f32[7], x: f32[4,3]) -> (t) { t = Relu(x) }");
  EXPECT_EQ(OpenBatchOf(fixed, {{7}, {4, 3}}), std::nullopt);
  EXPECT_EQ(BatchOf(fixed, {{7}, {4, 3}}), 4);
  const Graph scalar = Parse("graph g(s: f32[]) -> (t) { t = Relu(s) }");
  EXPECT_EQ(BatchOf(scalar, {{}}), 1);
  // Shapes that do not fit are told by who plans them, not here.
  EXPECT_EQ(OpenBatchOf(open, {{2, 2}, {}}), std::nullopt);
}

TEST(RandomTensorTest, TheSeedDecidesAndEveryTypeIsAnswered) {
  const auto numbers = [](DType dtype, std::uint64_t seed) {
    return ToDoubles(*RandomTensor(dtype, {64}, seed));
  };
  EXPECT_EQ(numbers(DType::kFloat32, 1), numbers(DType::kFloat32, 1));
  EXPECT_NE(numbers(DType::kFloat32, 1), numbers(DType::kFloat32, 2));
  EXPECT_NE(numbers(DType::kFloat64, 1), numbers(DType::kFloat64, 2));
  EXPECT_THAT(numbers(DType::kInt64, 1),
              ::testing::Each(::testing::AnyOf(::testing::Eq(0), ::testing::Eq(1))));
  EXPECT_EQ(RandomTensor(DType::kString, {2}, 1)->num_elements(), 2);
  EXPECT_EQ(RandomTensor(DType::kInt4, {2}, 1).status().message(), "no random numbers of type i4");
  EXPECT_FALSE(RandomTensor(DType::kFloat32, {1 << 20, 1 << 20}, 1).ok());
}

}  // namespace
}  // namespace plumb::lab
