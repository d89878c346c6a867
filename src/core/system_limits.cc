#include "core/system_limits.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

namespace plumb {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

// The first bytes of a small kernel file; empty when it cannot be read.
std::string ReadKernelFile(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return {};
  std::string text(16 << 10, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

std::optional<std::int64_t> ParseNumber(std::string_view text) {
  std::int64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc()) return std::nullopt;
  return value;
}

// The number after `key` in a file of "key value" lines.
std::optional<std::int64_t> FindNumber(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + key.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return ParseNumber(text);
}

// Calls visit(folder) for the cgroup of this process and each one above it: limits of all apply.
template <typename Visit>
void ForEachCgroup(Visit visit) {
  const std::string text = ReadKernelFile("/proc/self/cgroup");
  const std::optional<std::string_view> found = internal::ParseCgroupPath(text);
  if (!found) return;
  std::string path(*found);
  while (true) {
    visit("/sys/fs/cgroup" + path);
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return;
    path.resize(slash);
  }
}

std::optional<double> CpuQuota() {
  std::optional<double> quota;
  ForEachCgroup([&](const std::string& folder) {
    const auto limit = internal::ParseCpuMax(ReadKernelFile(folder + "/cpu.max"));
    if (limit) quota = std::min(quota.value_or(*limit), *limit);
  });
  if (quota) return quota;
  const auto v1_quota = ParseNumber(ReadKernelFile("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"));
  const auto v1_period = ParseNumber(ReadKernelFile("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
  if (!v1_quota || !v1_period || *v1_quota <= 0 || *v1_period <= 0) return std::nullopt;
  return static_cast<double>(*v1_quota) / static_cast<double>(*v1_period);
}

// Page cache counts as used in `usage` but goes when memory is needed.
std::int64_t CgroupMemoryLeft(const std::string& folder, const char* limit_file,
                              const char* usage_file) {
  const auto limit = ParseNumber(ReadKernelFile(folder + limit_file));
  const auto usage = ParseNumber(ReadKernelFile(folder + usage_file));
  if (!limit || !usage) return kNoLimit;
  const auto cached = FindNumber(ReadKernelFile(folder + "/memory.stat"), "inactive_file");
  return std::max<std::int64_t>(0, *limit - (*usage - cached.value_or(0)));
}

}  // namespace

namespace internal {

std::optional<double> ParseCpuMax(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto quota = ParseNumber(text.substr(0, space));
  const auto period = ParseNumber(text.substr(space + 1));
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<std::string_view> ParseCgroupPath(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with("0::/")) continue;
    line.remove_prefix(3);
    return line == "/" ? std::string_view() : line;
  }
  return std::nullopt;
}

}  // namespace internal

int UsableCores() {
  cpu_set_t mask;
  int cores = sched_getaffinity(0, sizeof(mask), &mask) == 0
                  ? CPU_COUNT(&mask)
                  : static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  if (const std::optional<double> quota = CpuQuota()) {
    cores = static_cast<int>(std::min<double>(cores, std::ceil(*quota)));
  }
  return std::max(cores, 1);
}

std::int64_t AvailableMemoryBytes() {
  std::int64_t available = kNoLimit;
  if (const auto kib = FindNumber(ReadKernelFile("/proc/meminfo"), "MemAvailable:")) {
    available = *kib * 1024;
  }
  ForEachCgroup([&](const std::string& folder) {
    available = std::min(available, CgroupMemoryLeft(folder, "/memory.max", "/memory.current"));
  });
  return std::min(available, CgroupMemoryLeft("/sys/fs/cgroup/memory", "/memory.limit_in_bytes",
                                              "/memory.usage_in_bytes"));
}

}  // namespace plumb
