// Fuzz target: any text as a graph ends in a graph or a status; one that is accepted is printed and
// reads back as the same text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "graph/text.h"
#include "ops/ops.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::int64_t kBytes = 1 << 20;  // every element is printed below
  (void)plumb::ParseGraph(text, plumb::ops::AllOps(),
                          {.infer = false, .max_generated_bytes = kBytes});
  const auto graph = plumb::ParseGraph(text, plumb::ops::AllOps(), {.max_generated_bytes = kBytes});
  if (!graph.ok()) return 0;
  const std::string printed = plumb::ToText(*graph, {.full_constants = true});
  const auto again = plumb::ParseGraph(printed, plumb::ops::AllOps());
  if (!again.ok() || plumb::ToText(*again, {.full_constants = true}) != printed) std::abort();
  return 0;
}
