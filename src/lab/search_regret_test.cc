#include "lab/search_regret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "engine/search.h"
#include "lab/drawn_problem.h"

namespace plumb::lab {
namespace {

TEST(DrawnProblem, TheSameSeedDrawsTheSameProblems) {
  Random first(7), second(7), other(8);
  std::vector<std::string> a, b, c;
  for (int i = 0; i < 20; ++i) {
    a.push_back(DrawConv(first, 1e6)->text);
    b.push_back(DrawConv(second, 1e6)->text);
    c.push_back(DrawConv(other, 1e6)->text);
  }
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}

TEST(DrawnProblem, EachHasKernelsWithNamesOfTheirOwn) {
  const Target target = *HostTarget();
  Random random(3);
  for (int i = 0; i < 60; ++i) {
    const auto drawn = i % 2 == 0 ? DrawConv(random, 1e7) : DrawMatMul(random, 1e7);
    ASSERT_TRUE(drawn.ok()) << drawn.status();
    const auto choices = engine::ListKernels(drawn->problem, target);
    ASSERT_TRUE(choices.ok()) << drawn->text << ": " << choices.status();
    ASSERT_FALSE(choices->empty()) << drawn->text;
    std::set<std::string> names;
    for (const ops::KernelChoice& choice : *choices) names.insert(choice.name);
    EXPECT_EQ(names.size(), choices->size()) << drawn->text;
  }
}

TEST(SearchRegret, ComparesWhatIsChosenWithTheFastest) {
  RegretOptions options;
  options.problems = 4;
  options.seconds = 1e-3;
  options.max_macs = 1e6;
  std::vector<int> told;
  const auto figures =
      MeasureRegret(*HostTarget(), options, [&told](int done) { told.push_back(done); });
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_THAT(told, testing::ElementsAre(1, 2, 3, 4));
  ASSERT_EQ(figures->size(), 4u);
  for (const RegretFigures& row : *figures) {
    EXPECT_GT(row.candidates, 0);
    EXPECT_GT(row.fastest_seconds, 0);
    EXPECT_GT(row.tuned_regret, 0);
    EXPECT_TRUE(row.predicted != row.fastest || row.predicted_regret == 1);
    EXPECT_TRUE(row.tuned != row.fastest || row.tuned_regret == 1);
  }
}

TEST(SearchRegret, QuantilesAreOrderStatistics) {
  EXPECT_EQ(QuantileOf({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(QuantileOf({3, 1, 2, 4}, 0.5), 2);
  EXPECT_EQ(QuantileOf({3, 1, 2, 4}, 0.95), 4);
  EXPECT_EQ(QuantileOf({5}, 0.01), 5);
}

}  // namespace
}  // namespace plumb::lab
