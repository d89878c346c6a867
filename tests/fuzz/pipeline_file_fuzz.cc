// Fuzz target: any text as a pipeline file ends in a pipeline or a status. Stages are not made:
// they read files.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pipeline/pipeline_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto spec = plumb::pipeline::ParsePipeline(text, "fuzz.yaml", ".");
  if (!spec.ok()) return 0;
  for (const plumb::pipeline::ChannelSpec& channel : spec->channels) {
    if (channel.from >= channel.to) std::abort();  // what the runner relies on
  }
  (void)spec->Graph();
  return 0;
}
