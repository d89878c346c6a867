// Fuzz target: any text as a gallery ends in a gallery or a status; one that is accepted is
// searched.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "pipeline/gallery.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto gallery =
      plumb::pipeline::Gallery::Parse(std::string(reinterpret_cast<const char*>(data), size));
  if (!gallery.ok() || gallery->dims() == 0) return 0;
  const std::vector<std::int8_t> vector(static_cast<std::size_t>(gallery->dims()), 1);
  const int found = gallery->Find(vector).index;
  if (found < 0 || found >= static_cast<int>(gallery->entries().size())) std::abort();
  return 0;
}
