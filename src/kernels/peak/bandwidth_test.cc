#include "kernels/peak/bandwidth.h"

#include <string>

#include "gtest/gtest.h"
#include "kernels/peak/bandwidth_loops.h"

namespace plumb::kernels {
namespace {

TEST(Bandwidth, EveryLevelHasPlausibleFigures) {
  ThreadPool pool(2);
  for (Isa isa : AvailableIsas()) {
    const std::vector<Bandwidth> all = MeasureBandwidth(TargetFor(isa), &pool, 0.001);
    ASSERT_EQ(all.size(), 8u);
    for (const Bandwidth& b : all) {
      // Between a slow disk and a thousand times the memory of a desktop.
      for (double figure : {b.read, b.write, b.copy}) {
        EXPECT_GT(figure, 1e7) << LevelName(b.level);
        EXPECT_LT(figure, 1e14) << LevelName(b.level);
      }
      EXPECT_GE(b.bytes_per_thread, 8192);
    }
    EXPECT_EQ(all[0].threads, 1);
    EXPECT_EQ(all[4].threads, 2);
    EXPECT_EQ(std::string(LevelName(all[7].level)), "memory");
  }
}

TEST(Bandwidth, LoopsTouchEveryElement) {
  alignas(64) float data[256], other[256];
  for (Isa isa : AvailableIsas()) {
    const BandwidthLoops loops = isa == Isa::kAvx512 ? BandwidthAvx512()
                                 : isa == Isa::kAvx2 ? BandwidthAvx2()
                                                     : BandwidthScalar();
    loops.write(data, 256, 2.0f);
    for (int i = 0; i < 256; ++i) {
      ASSERT_EQ(data[i], 2.0f);
      data[i] = 5.0f;
      ASSERT_EQ(loops.read(data, 256), 5.0f) << i;
      data[i] = static_cast<float>(i) / 256;
    }
    loops.copy(data, other, 256);
    for (int i = 0; i < 256; ++i) ASSERT_EQ(other[i], data[i]);
  }
}

}  // namespace
}  // namespace plumb::kernels
