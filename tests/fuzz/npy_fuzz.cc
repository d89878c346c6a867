// Fuzz target: any bytes as a .npy file end in a tensor or a status; one that is accepted is
// written and read back.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "core/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto tensor = plumb::ParseNpy(std::as_bytes(std::span(data, size)));
  if (!tensor.ok()) return 0;
  const auto bytes = plumb::SerializeNpy(*tensor);
  if (!bytes.ok()) std::abort();
  const auto again = plumb::ParseNpy(std::as_bytes(std::span(bytes->data(), bytes->size())));
  const auto count = static_cast<std::size_t>(tensor->bytes());
  if (!again.ok() || again->shape() != tensor->shape()) std::abort();
  if (count > 0 && std::memcmp(again->raw(), tensor->raw(), count) != 0) std::abort();
  return 0;
}
