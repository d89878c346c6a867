// Fuzz target: any bytes as a message between stages end in a message or a status; one that is
// accepted is written and read back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "pipeline/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = plumb::pipeline::DeserializeMessage(
      std::string_view(reinterpret_cast<const char*>(data), size));
  if (!message.ok()) return 0;
  const auto bytes = plumb::pipeline::SerializeMessage(*message);
  if (!bytes.ok() || !plumb::pipeline::DeserializeMessage(*bytes).ok()) std::abort();
  return 0;
}
