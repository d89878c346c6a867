#include "core/status.h"

#include <gtest/gtest.h>

#include <memory>

#include "core/check.h"

namespace plumb {
namespace {

StatusOr<int> Half(int value) {
  if (value % 2 != 0) return InvalidArgument(value, " is odd");
  return value / 2;
}

StatusOr<int> Quarter(int value) {
  PLUMB_ASSIGN_OR_RETURN(const int half, Half(value));
  PLUMB_ASSIGN_OR_RETURN(int quarter, Half(half));
  return quarter;
}

Status MustHalve(int value) {
  PLUMB_RETURN_IF_ERROR(Half(value).status());
  return OkStatus();
}

TEST(StatusTest, AssignOrReturnHandsOnValuesAndErrors) {
  EXPECT_EQ(*Quarter(12), 3);
  EXPECT_EQ(Quarter(6).status(), InvalidArgument("3 is odd"));
  EXPECT_TRUE(MustHalve(2).ok());
  EXPECT_EQ(MustHalve(1).message(), "1 is odd");
}

TEST(StatusTest, AssignOrReturnMovesValuesThatCannotBeCopied) {
  auto make = []() -> StatusOr<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  auto use = [&]() -> StatusOr<int> {
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<int> value, make());
    return *value;
  };
  EXPECT_EQ(*use(), 7);
}

TEST(StatusTest, AnnotatePutsContextBeforeTheMessageAndKeepsTheCode) {
  const Status error = NotFound("no weight 'w'");
  EXPECT_EQ(Annotate(error, "node 'conv_3'"), NotFound("node 'conv_3': no weight 'w'"));
  EXPECT_TRUE(Annotate(OkStatus(), "node 'conv_3'").ok());
}

TEST(CheckDeathTest, PrintsConditionAndValues) {
  const int rank = 11;
  EXPECT_DEATH(PLUMB_CHECK(rank <= 10, "rank ", rank), "check failed: rank <= 10: rank 11");
  EXPECT_DEATH(PLUMB_CHECK(rank == 0), "check failed: rank == 0\n");
  PLUMB_CHECK(rank == 11);
}

}  // namespace
}  // namespace plumb
