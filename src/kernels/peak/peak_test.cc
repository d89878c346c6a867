#include "kernels/peak/peak.h"

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

}  // namespace
}  // namespace plumb::kernels
