#include "lab/ceilings.h"

#include <gtest/gtest.h>

namespace plumb::lab {
namespace {

TEST(CeilingsTest, NarrowTypesAreNoSlowerThanFp32AndMemoryIsMeasured) {
  ThreadPool pool(1);
  const Ceilings ceilings = MeasureCeilings(*HostTarget(), &pool);
  EXPECT_GT(ceilings.fp32, 1e8);
  EXPECT_GT(ceilings.bf16, 0.5 * ceilings.fp32);
  EXPECT_GT(ceilings.int8, 0.5 * ceilings.fp32);
  EXPECT_GT(ceilings.memory, 1e8);
}

TEST(CeilingsTest, SharesAreOfTheTypeThatIsMultiplied) {
  Ceilings ceilings;
  ceilings.fp32 = 100e9;
  ceilings.int8 = 1000e9;
  ceilings.memory = 10e9;
  engine::StepInfo step;
  step.cost.ops = 50e6;
  step.cost.bytes_read = 4e6;
  step.cost.bytes_written = 1e6;
  EXPECT_DOUBLE_EQ(ShareOf(step, 1, ceilings).operations, 0.5);
  EXPECT_DOUBLE_EQ(ShareOf(step, 1, ceilings).bytes, 0.5);
  step.product = DType::kInt8;
  EXPECT_DOUBLE_EQ(ShareOf(step, 1, ceilings).operations, 0.05);
  EXPECT_EQ(ShareOf(step, 0, ceilings).operations, 0);
}

}  // namespace
}  // namespace plumb::lab
