// The spans of a run in the Trace Event format (JSON) that Perfetto and Chrome's tracing page open.
#pragma once

#include <string>

#include "core/status.h"
#include "measure/record.h"

namespace plumb::measure {

// A lane per thread; waiting, which overlaps, as asynchronous slices by stage; queue depths and
// other samples as counters; events as instants. Microseconds.
std::string RunToTrace(const Run& run);

Status WriteTraceFile(const std::string& path, const Run& run);

}  // namespace plumb::measure
