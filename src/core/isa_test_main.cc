// main() of the tests that run once per instruction set: PLUMB_ISA names the set, and a machine
// that lacks it skips the binary, saying so, with the exit status that ctest takes for "skipped".
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "core/target.h"

int main(int argc, char** argv) {
  constexpr int kSkipped = 77;
  testing::InitGoogleMock(&argc, argv);
  const plumb::StatusOr<plumb::Target> target = plumb::HostTarget();
  if (!target.ok()) {
    const bool missing = target.status().code() == plumb::StatusCode::kUnimplemented;
    std::printf("%s: %s\n", missing ? "skipped" : "error",
                std::string(target.status().message()).c_str());
    return missing ? kSkipped : 1;
  }
  return RUN_ALL_TESTS();
}
