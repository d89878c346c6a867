// Fuzz target: any bytes as a file of a compiled model, and as its tables without the hashes that
// guard them, end in a model or a status; one that is accepted can be written again.
#include <array>
#include <cstdint>
#include <mutex>
#include <span>

#include "engine/cache/compiled_file.h"
#include "engine/cache/compiled_tables.h"
#include "ops/ops.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plumb::engine;
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  (void)ReadCompiledFile(bytes);
  alignas(64) static const std::array<std::byte, 64 << 10> kBlob{};
  ByteReader in(bytes);
  if (!ReadHead(in).ok()) return 0;
  auto parts = ReadModel(in, BlobReader(kBlob, nullptr, {}), plumb::ops::AllOps());
  if (!parts.ok()) return 0;
  const auto model = Model::Restore(std::move(parts->graph), {}, std::move(parts->kernels), {});
  if (!model.ok()) return 0;
  const std::lock_guard<std::mutex> lock((*model)->mutex());
  ByteWriter out;
  BlobWriter blob({});
  (void)WriteModel(**model, out, blob);
  return 0;
}
