// What this process may use of the machine: processors and memory, as affinity, cgroups and the
// kernel say. Linux only; where a source cannot be read, the next one decides.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace plumb {

// Processors in the affinity mask, lowered to the CPU quota of the cgroup (rounded up); at least 1.
int UsableCores();

// Bytes that can be allocated before the machine or the cgroup runs out: the smaller of the
// kernel's MemAvailable and what is left below the cgroup's limits.
std::int64_t AvailableMemoryBytes();

namespace internal {

// Processors that a cgroup v2 `cpu.max` ("200000 100000", "max 100000") allows; nothing when it
// sets no limit or is malformed.
std::optional<double> ParseCpuMax(std::string_view text);

// The path of the cgroup v2 entry ("0::/user.slice") in the text of /proc/self/cgroup.
std::optional<std::string_view> ParseCgroupPath(std::string_view text);

}  // namespace internal
}  // namespace plumb
