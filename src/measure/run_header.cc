// The header of a run: what the machine is, read from the target and the kernel.
#include <sys/sysinfo.h>
#include <unistd.h>

#include <cmath>
#include <string>

#include "core/clock.h"
#include "core/file_io.h"
#include "core/processor.h"
#include "core/system_limits.h"
#include "measure/record.h"

namespace plumb::measure {
namespace {

// The first line of a small kernel file; `otherwise` when it is not there.
std::string FirstLine(const std::string& path, std::string otherwise) {
  const StatusOr<std::string> text = ReadFile(path, 1 << 20);
  if (!text.ok() || text->empty()) return otherwise;
  return text->substr(0, text->find('\n'));
}

bool IsVirtual() {
  const StatusOr<std::string> text = ReadFile("/proc/cpuinfo", 16 << 20);
  return text.ok() && text->find(" hypervisor") != std::string::npos;
}

double MemoryGb() {
  struct sysinfo info {};
  if (sysinfo(&info) != 0) return 0;
  const double bytes = static_cast<double>(info.totalram) * info.mem_unit;
  return std::round(bytes / 1e8) / 10;
}

}  // namespace

RunHeader MakeRunHeader(std::string_view id, const std::vector<std::string>& command,
                        std::string_view isa, std::string_view commit) {
  RunHeader header;
  header.id = std::string(id);
  header.command = command;
  header.started = UtcNowText();
  header.commit = std::string(commit);
  header.machine = {
      {"processor", ThisProcessor().name},
      {"cores", static_cast<double>(UsableCores())},
      {"isa", std::string(isa)},
      {"memory_gb", MemoryGb()},
      {"governor",
       FirstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "not visible")},
      {"virtual", IsVirtual()},
  };
  return header;
}

}  // namespace plumb::measure
