#include "core/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>

#include "core/system_limits.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

// Sets PLUMB_ISA for one test and puts the old value back.
class ScopedIsa {
 public:
  explicit ScopedIsa(const char* value) {
    if (const char* before = std::getenv("PLUMB_ISA")) before_ = before;
    had_ = std::getenv("PLUMB_ISA") != nullptr;
    value != nullptr ? setenv("PLUMB_ISA", value, 1) : unsetenv("PLUMB_ISA");
  }
  ~ScopedIsa() { had_ ? setenv("PLUMB_ISA", before_.c_str(), 1) : unsetenv("PLUMB_ISA"); }

 private:
  std::string before_;
  bool had_ = false;
};

std::string Message(const StatusOr<Target>& target) {
  return std::string(target.status().message());
}

TEST(TargetTest, HostHasSensibleNumbers) {
  const ScopedIsa isa(nullptr);
  const StatusOr<Target> host = HostTarget();
  ASSERT_TRUE(host.ok());
  EXPECT_EQ(host->isa, AvailableIsas().back());
  EXPECT_GE(host->cores, 1);
  EXPECT_GE(host->l1_bytes, 8 << 10);
  EXPECT_GT(host->l2_bytes, host->l1_bytes);
  EXPECT_FALSE(host->processor.empty());
}

TEST(TargetTest, EveryAvailableSetCanBeForced) {
  for (Isa isa : AvailableIsas()) {
    const ScopedIsa forced(std::string(IsaName(isa)).c_str());
    const StatusOr<Target> host = HostTarget();
    ASSERT_TRUE(host.ok()) << IsaName(isa);
    EXPECT_EQ(host->isa, isa);
    EXPECT_FALSE(host->amx_bf16 || host->amx_int8);
    EXPECT_FALSE(isa < Isa::kAvx512 && (host->avx512_vnni || host->avx512_bf16));
    EXPECT_FALSE(isa < Isa::kAvx2 && host->avx_vnni);
  }
}

TEST(TargetTest, UnknownAndUnavailableSetsNameWhatThereIs) {
  {
    const ScopedIsa isa("sse9");
    EXPECT_THAT(Message(HostTarget()),
                HasSubstr("PLUMB_ISA=sse9: unknown instruction set; available: scalar"));
  }
  {
    const ScopedIsa isa("neon");
    EXPECT_THAT(Message(HostTarget()),
                HasSubstr("PLUMB_ISA=neon: this machine has no neon; available: scalar"));
    EXPECT_EQ(HostTarget().status().code(), StatusCode::kUnimplemented);
  }
  {
    const ScopedIsa isa("");
    EXPECT_TRUE(HostTarget().ok());
  }
}

TEST(TargetTest, AmxIsAvailableOrAnErrorThatSaysSo) {
  const ScopedIsa isa("amx");
  const StatusOr<Target> host = HostTarget();
  if (host.ok()) {
    EXPECT_TRUE(host->amx_bf16 || host->amx_int8);
  } else {
    EXPECT_THAT(Message(host), HasSubstr("PLUMB_ISA=amx: this machine has no amx"));
  }
}

TEST(TargetTest, VectorFloats) {
  Target target;
  EXPECT_EQ(target.vector_floats(), 1);
  target.isa = Isa::kAvx2;
  EXPECT_EQ(target.vector_floats(), 8);
  target.isa = Isa::kAvx512;
  EXPECT_EQ(target.vector_floats(), 16);
}

TEST(SystemLimitsTest, CoresFollowTheAffinityMask) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &before)) {
      CPU_SET(cpu, &one);
      break;
    }
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(UsableCores(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
  EXPECT_LE(UsableCores(), CPU_COUNT(&before));
}

TEST(SystemLimitsTest, CpuMax) {
  EXPECT_EQ(internal::ParseCpuMax("150000 100000\n"), 1.5);
  for (const char* text : {"max 100000\n", "", "100000", "0 100000", "100000 0", "x y"}) {
    EXPECT_EQ(internal::ParseCpuMax(text), std::nullopt) << text;
  }
}

TEST(SystemLimitsTest, CgroupPath) {
  EXPECT_EQ(internal::ParseCgroupPath("12:cpu:/a\n0::/user.slice/b\n"), "/user.slice/b");
  EXPECT_EQ(internal::ParseCgroupPath("0::/\n"), "");
  EXPECT_EQ(internal::ParseCgroupPath("1:cpu:/a\n"), std::nullopt);
  EXPECT_EQ(internal::ParseCgroupPath(""), std::nullopt);
}

TEST(SystemLimitsTest, SomeMemoryIsAvailable) {
  EXPECT_GT(AvailableMemoryBytes(), 1 << 20);
  EXPECT_LT(AvailableMemoryBytes(), std::int64_t{1} << 50);
}

}  // namespace
}  // namespace plumb
