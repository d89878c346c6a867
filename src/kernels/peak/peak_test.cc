#include "kernels/peak/peak.h"

#include <string>

#include "gtest/gtest.h"

namespace plumb::kernels {
namespace {

TEST(PeakTest, EveryAvailableSetHasAPlausiblePeak) {
  for (Isa isa : AvailableIsas()) {
    const double peak = MeasureFmaPeak(isa, 0.005);
    EXPECT_GT(peak, 0.1) << IsaName(isa);
    EXPECT_LT(peak, 5000) << IsaName(isa);
  }
}

TEST(PeakTest, TypesAreListedWithTheInstructionsOfTheTarget) {
  const std::vector<Peak> scalar = PeaksOf(TargetFor(Isa::kScalar));
  ASSERT_EQ(scalar.size(), 1u);
  EXPECT_EQ(std::string(scalar[0].name), "fma fp32 scalar");
  Target target = TargetFor(Isa::kScalar);
  target.isa = Isa::kAvx512;
  target.amx_int8 = true;
  const std::vector<Peak> wide = PeaksOf(target);
  ASSERT_EQ(wide.size(), 4u);
  EXPECT_EQ(std::string(wide[0].name), "fma fp32 avx512");
  EXPECT_EQ(std::string(wide[3].type), "int8");
}

TEST(PeakTest, EveryLoopThatThisMachineHasRunsOnOneThreadAndTwo) {
  const StatusOr<Target> host = HostTarget();
  ASSERT_TRUE(host.ok());
  ThreadPool pool(2);
  for (const Peak& peak : PeaksOf(*host)) {
    for (int threads : {1, 2}) {
      const double rate = MeasurePeak(peak, &pool, threads, 0.003);
      EXPECT_GT(rate, 1e8) << peak.type << " " << peak.name;
      EXPECT_LT(rate, 1e15) << peak.type << " " << peak.name;
    }
  }
}

}  // namespace
}  // namespace plumb::kernels
