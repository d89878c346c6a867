#include "core/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace plumb {
namespace {

using ::testing::ElementsAre;
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(DimsTest, HoldsItsValuesInOrder) {
  Dims dims{2, 3};
  dims.Append(4);
  EXPECT_EQ(dims.rank(), 3);
  EXPECT_EQ(dims.back(), 4);
  EXPECT_THAT(dims, ElementsAre(2, 3, 4));
  EXPECT_EQ(dims.ToString(), "2x3x4");
  EXPECT_EQ(Dims().ToString(), "scalar");
}

TEST(DimsTest, EqualityIgnoresWhatLiesBeyondTheRank) {
  EXPECT_EQ((Dims{2, 3}), (Dims{2, 3}));
  EXPECT_NE((Dims{2, 3}), (Dims{2, 3, 0}));
  EXPECT_NE((Dims{2, 3}), (Dims{3, 2}));
  EXPECT_EQ(Dims(), Dims(0, 5));
}

TEST(DimsDeathTest, MoreThanTenDimensionsAreAMistakeOfTheCaller) {
  Dims full(kMaxRank, 1);
  EXPECT_DEATH(full.Append(1), "rank 10");
  EXPECT_DEATH(Dims(kMaxRank + 1, 1), "rank 11");
}

TEST(ShapeTest, CountsElements) {
  EXPECT_EQ(NumElements(Shape{}), 1);
  EXPECT_EQ(NumElements(Shape{2, 3, 4}), 24);
  EXPECT_EQ(NumElements(Shape{2, 0, 4}), 0);
}

TEST(ShapeTest, MakeShapeRefusesWhatCannotBeAShape) {
  struct Case {
    std::vector<std::int64_t> sizes;
    std::string message;
  };
  const Case cases[] = {
      {{2, -1}, "shape 2x-1 has a negative size"},
      {{0, -1}, "shape 0x-1 has a negative size"},
      {{std::int64_t{1} << 40, std::int64_t{1} << 40},
       "shape 1099511627776x1099511627776 has more than 2^57 elements"},
      {{kMax}, "shape 9223372036854775807 has more than 2^57 elements"},
      // An empty axis does not excuse the others.
      {{0, kMax, 2}, "shape 0x9223372036854775807x2 has more than 2^57 elements"},
      {std::vector<std::int64_t>(11, 1), "shape has 11 dimensions; at most 10 are supported"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(MakeShape(c.sizes).status(), InvalidArgument(c.message)) << c.message;
  }
}

TEST(ShapeTest, CheckedNumElementsIsExactUpToItsLimit) {
  const std::vector<std::int64_t> most = {std::int64_t{1} << 30, std::int64_t{1} << 27};
  EXPECT_EQ(*CheckedNumElements(most), std::int64_t{1} << 57);
  EXPECT_EQ(*CheckedNumElements(std::vector<std::int64_t>{}), 1);
  EXPECT_EQ(*CheckedNumElements(std::vector<std::int64_t>{3, 0}), 0);
  const std::vector<std::int64_t> beyond = {(std::int64_t{1} << 57) + 1};
  EXPECT_FALSE(CheckedNumElements(beyond).ok());
}

TEST(ShapeTest, RowMajorStrides) {
  EXPECT_THAT(RowMajorStrides(Shape{2, 3, 4}), ElementsAre(12, 4, 1));
  EXPECT_EQ(RowMajorStrides(Shape{}).rank(), 0);
  EXPECT_THAT(RowMajorStrides(Shape{2, 0, 4}), ElementsAre(0, 4, 1));
}

TEST(ShapeTest, BroadcastsAsNumpyDoes) {
  struct Case {
    Shape a, b, result;
  };
  const Case cases[] = {
      {{2, 3}, {3}, {2, 3}}, {{2, 1, 4}, {3, 1}, {2, 3, 4}}, {{}, {2}, {2}}, {{1}, {0}, {0}},
      {{}, {}, {}},          {{4, 1}, {4, 5}, {4, 5}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(*BroadcastShapes(c.a, c.b), c.result) << c.a.ToString() << ' ' << c.b.ToString();
    EXPECT_EQ(*BroadcastShapes(c.b, c.a), c.result) << c.a.ToString() << ' ' << c.b.ToString();
  }
  EXPECT_EQ(BroadcastShapes({2, 3}, {2, 4}).status(),
            InvalidArgument("shapes 2x3 and 2x4 do not broadcast: 3 against 4"));
  EXPECT_FALSE(BroadcastShapes({0}, {2}).ok());
}

TEST(ShapeTest, BroadcastingTwoFineShapesCanStillOverflow) {
  const std::int64_t large = std::int64_t{1} << 40;
  EXPECT_FALSE(BroadcastShapes({large, 1}, {1, large}).ok());
}

TEST(ShapeTest, NormalizesNegativeAxes) {
  EXPECT_EQ(*NormalizeAxis(-1, 4), 3);
  EXPECT_EQ(*NormalizeAxis(0, 4), 0);
  EXPECT_EQ(NormalizeAxis(4, 4).status(), InvalidArgument("axis 4 is outside [-4, 4)"));
  EXPECT_FALSE(NormalizeAxis(-5, 4).ok());
  EXPECT_FALSE(NormalizeAxis(0, 0).ok());
}

}  // namespace
}  // namespace plumb
