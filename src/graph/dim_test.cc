#include "graph/dim.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace plumb {
namespace {

class DimTest : public ::testing::Test {
 protected:
  SymbolTable symbols;
  Dim n = Dim::Symbol(symbols.Intern("N"));
  Dim m = Dim::Symbol(symbols.Intern("M"));
  std::string Text(const std::optional<Dim>& dim) {
    return dim ? dim->ToString(symbols) : "unknown";
  }
};

TEST_F(DimTest, SumsProductsAndQuotientsStayLinear) {
  EXPECT_EQ(Text(Dim::Add(n, Dim(3))), "N+3");
  EXPECT_EQ(Text(Dim::Add(n, n)), "2*N");
  EXPECT_EQ(Text(Dim::Add(n, m)), "unknown");
  EXPECT_EQ(Text(Dim::Subtract(n, n)), "0");
  EXPECT_EQ(Text(Dim::Subtract(n, Dim(1))), "N-1");
  EXPECT_EQ(Text(Dim::Multiply(*Dim::Add(n, Dim(1)), Dim(4))), "4*N+4");
  EXPECT_EQ(Text(Dim::Multiply(n, Dim(0))), "0");
  EXPECT_EQ(Text(Dim::Multiply(n, m)), "unknown");
  EXPECT_EQ(Text(Dim::DivideExactly(*Dim::Multiply(n, Dim(6)), Dim(3))), "2*N");
  EXPECT_EQ(Text(Dim::DivideExactly(n, Dim(2))), "unknown");
  EXPECT_EQ(Text(Dim::DivideExactly(n, n)), "1");
  EXPECT_EQ(Text(Dim::DivideExactly(n, Dim(0))), "unknown");
}

TEST_F(DimTest, OverflowIsUnknownNotWrong) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(Dim::Add(Dim(most), Dim(1)), std::nullopt);
  EXPECT_EQ(Dim::Multiply(Dim(most), Dim(2)), std::nullopt);
  EXPECT_EQ(Dim::Subtract(Dim(0), Dim(least)), std::nullopt);
  EXPECT_EQ(Dim::DivideExactly(Dim(least), Dim(-1)), std::nullopt);
}

TEST_F(DimTest, EvaluatesUnderBindings) {
  const Dim dim = Dim::Symbol(m.symbol(), 2, 1);
  EXPECT_EQ(dim.Evaluate(std::array<std::int64_t, 2>{-1, 5}), 11);
  EXPECT_EQ(dim.Evaluate(std::array<std::int64_t, 2>{5, -1}), std::nullopt);
  EXPECT_EQ(dim.Evaluate({}), std::nullopt);
  EXPECT_EQ(Dim(7).Evaluate({}), 7);
}

TEST_F(DimTest, AnonymousDimensionsEqualOnlyThemselves) {
  const Dim a = Dim::Anonymous();
  EXPECT_EQ(a, a);
  EXPECT_NE(a, Dim::Anonymous());
  EXPECT_TRUE(a.is_anonymous());
  EXPECT_FALSE(n.is_anonymous());
  EXPECT_EQ(Text(a), "?");
}

TEST(SymbolTable, FreshNamesAvoidNamesOfTheModel) {
  SymbolTable symbols;
  const int taken = symbols.Intern("?0");
  EXPECT_EQ(symbols.Intern("?0"), taken);
  EXPECT_EQ(symbols.Name(symbols.Fresh()), "?1");
}

}  // namespace
}  // namespace plumb
