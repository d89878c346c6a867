// Time: nanoseconds of the monotonic clock, CPU time of the calling thread, calendar text.
#pragma once

#include <cstdint>
#include <string>

namespace plumb {

std::int64_t NowNanos();         // monotonic
std::int64_t ThreadCpuNanos();   // CPU time of the calling thread
std::int64_t ProcessCpuNanos();  // CPU time of all threads of the process
std::string UtcNowText();        // "2026-01-31T12:00:00.000Z"

}  // namespace plumb
