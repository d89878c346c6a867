// Fuzz target: any text as a run file ends in runs or a status; runs that are accepted are written
// and read back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "measure/run_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto runs = plumb::measure::ReadRuns(text, "fuzz.jsonl");
  if (!runs.ok()) return 0;
  for (const plumb::measure::Run& run : *runs) {
    if (!plumb::measure::ReadRuns(plumb::measure::RunToText(run), "again").ok()) std::abort();
  }
  return 0;
}
